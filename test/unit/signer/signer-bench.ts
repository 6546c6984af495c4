import { RaError } from '../../../src/base/ra-error.ts';
import type { ApprovalLog } from '../../../src/ra/approval-log.ts';
import { Decision } from '../../../src/ra/decision.ts';
import type { SignedChain, SigningOrder } from '../../../src/ra/signer.ts';
import { ApiAttempts } from '../../../src/signer/limits/api-attempts.ts';
import { RetainedRequests } from '../../../src/signer/cleanup/retained-requests.ts';
import { BackendSigner } from '../../../src/signer/backend-signer.ts';
import type { ApprovalMode } from '../../../src/signer/backend-signer.ts';
import { DeletionQueue } from '../../../src/signer/cleanup/deletion-queue.ts';
import { draftFor } from '../../../src/signer/csr/request-draft.ts';
import { fingerprintOf, nameFor } from '../../../src/signer/csr/request-name.ts';
import { PermissionTracker } from '../../../src/signer/csr/permission-tracker.ts';
import { RequestCoalescer } from '../../../src/signer/request-coalescer.ts';
import { SignerLimiter } from '../../../src/signer/limits/signer-limiter.ts';
import { SigningRequestFeed } from '../../../src/signer/csr/signing-request-feed.ts';
import { StalledRequestDiagnosis } from '../../../src/signer/stalled-request-diagnosis.ts';
import type { SignerExplanations } from '../../../src/signer/stalled-request-diagnosis.ts';
import { CertificateChangeMonitor } from '../../../src/signer/certificate-change-monitor.ts';
import { Submissions } from '../../../src/signer/csr/submissions.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeSigningRequests, ourAccount } from '../../support/fake-signing-requests.ts';
import { anOrder } from '../../support/orders.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

/** The name that the signer gives to the object of the newest bench's order. */
export let name = '';

/** What a request's signal ends with when its time is over. */
export const timeIsUp = new RaError('SIGNER_TIMEOUT', 'the budget is used up');
export const clientGone = new RaError('CANCELLED', 'the client cancelled');

export interface BenchOptions {
  readonly approval?: ApprovalMode;
  readonly explanations?: SignerExplanations;
  readonly username?: string | undefined;
  readonly budgetMsFor?: (signerName: string) => number | undefined;
}

/** One caller: its order, its signal and what it gets. */
export interface Caller {
  readonly order: SigningOrder;
  readonly abort: AbortController;
  readonly chain: Promise<SignedChain>;
  readonly result: Promise<string>;
}

/** A signer with everything around it faked. */
export class SignerBench {
  readonly clock = new FakeClock();
  readonly requests = new FakeSigningRequests();
  readonly log = new RecordingLogger();
  readonly attempts = new ApiAttempts({ clock: this.clock, random: () => 0.5 });
  readonly feed = new SigningRequestFeed({
    requests: this.requests,
    labelSelector: 'x=y',
    clock: this.clock,
    log: this.log,
  });
  readonly deletions = new DeletionQueue({
    ...{ requests: this.requests, attempts: this.attempts, clock: this.clock, log: this.log },
    isInFlight: (name) => this.feed.isAwaited(name),
  });
  readonly retained = new RetainedRequests(this);
  readonly limiter = new SignerLimiter({ clock: this.clock, random: () => 0.5, log: this.log });
  readonly client = new AbortController();
  /** What had been called when the intent was written. */
  intendedAfter: readonly string[] | undefined;
  /** The requests whose intents were written, in order. */
  readonly intents: string[] = [];
  intentError: Error | undefined;
  readonly order: SigningOrder;
  readonly submissions: Submissions;
  readonly signer: RequestCoalescer;

  private constructor(order: SigningOrder, options: BenchOptions) {
    this.order = order;
    const { clock, requests, log } = this;
    const username = 'username' in options ? options.username : ourAccount;
    const permissions = new PermissionTracker({ clock, log });
    const account = { username: () => Promise.resolve(username) };
    const replica = 'replica-1';
    this.submissions = new Submissions({ ...this.#parts, permissions, account, replica });
    const { explanations, budgetMsFor } = options;
    const signer = new BackendSigner({
      ...this.#parts,
      permissions,
      diagnosis: new StalledRequestDiagnosis({ explanations, clock, log }),
      submissions: this.submissions,
      changeMonitor: new CertificateChangeMonitor({ changes: { changed: () => undefined }, log }),
      approval: options.approval ?? 'self',
      keepForRetryMs: 60_000,
      random: () => 0.5,
    });
    const approvals: ApprovalLog = { intent: (decision) => this.#intend(decision) };
    this.signer = new RequestCoalescer({ signer, approvals, clock, budgetMsFor });
    name = nameFor(fingerprintOf(order), clock.now());
    requests.calls.length = 0;
  }

  static async make(options: BenchOptions = {}): Promise<SignerBench> {
    const { order } = await anOrder(new FakeClock());
    return new SignerBench(order, options);
  }

  get #parts(): Pick<
    SignerBench,
    'requests' | 'feed' | 'deletions' | 'retained' | 'limiter' | 'attempts' | 'clock' | 'log'
  > {
    return this;
  }

  /** The same order by another caller, with a decision of its own. */
  again(requestId: string, change: Partial<SigningOrder> = {}): SigningOrder {
    return { ...this.order, decision: new Decision(requestId, this.clock), ...change };
  }

  /** Starts signing and lets it come as far as it can without the outside. */
  async sign(): Promise<{ result: Promise<string> }> {
    return this.call(this.order, this.client);
  }

  async call(order = this.again('r2'), abort = new AbortController()): Promise<Caller> {
    const chain = this.signer.sign(order, abort.signal);
    const result = chain.then(({ certificatePem }) => certificatePem);
    result.catch(() => undefined);
    await settle();
    await settle();
    return { order, abort, chain, result };
  }

  /** Puts an object under the order's name, as an earlier request or somebody else would have. */
  async plant(
    change: { readonly replica?: string; readonly signerName?: string } = {},
  ): Promise<void> {
    const { replica = 'replica-1', ...rest } = change;
    const draft = { ...draftFor(this.again('r0'), { name, replica }), ...rest };
    await this.requests.create(draft, new AbortController().signal);
    this.requests.calls.length = 0;
  }

  /** The signer signs the object of that name, and the watch tells. */
  issue(pem = 'PEM', of = name): void {
    this.feed.put(this.requests.setCertificate(of, pem));
  }

  #intend({ requestId }: Decision): Promise<void> {
    this.intendedAfter = [...this.requests.calls];
    if (this.intentError !== undefined) return Promise.reject(this.intentError);
    this.intents.push(requestId);
    return Promise.resolve();
  }
}
