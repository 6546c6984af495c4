import { RaError } from '../../../src/base/ra-error.ts';
import type { SigningRequests } from '../../../src/kube/signing-requests.ts';
import type { ApprovalLog } from '../../../src/ra/approval-log.ts';
import { Decision } from '../../../src/ra/decision.ts';
import type { SignedChain, SigningOrder } from '../../../src/ra/signer.ts';
import { ApiAttempts } from '../../../src/signer/limits/api-attempts.ts';
import { RetainedRequests } from '../../../src/signer/cleanup/retained-requests.ts';
import { BackendSigner } from '../../../src/signer/backend-signer.ts';
import type { ApprovalMode } from '../../../src/signer/backend-signer.ts';
import { DeletionQueue } from '../../../src/signer/cleanup/deletion-queue.ts';
import { draftFor } from '../../../src/signer/csr/request-draft.ts';
import { nameFor } from '../../../src/signer/csr/request-name.ts';
import { fingerprintOf } from '../../../src/signer/signing-order.ts';
import { CsrBackend } from '../../../src/signer/csr/csr-backend.ts';
import { RequestCoalescer } from '../../../src/signer/request-coalescer.ts';
import { SignerLimiter } from '../../../src/signer/limits/signer-limiter.ts';
import type { SigningRequestFeed } from '../../../src/signer/csr/signing-request-feed.ts';
import { StalledRequestDiagnosis } from '../../../src/signer/stalled-request-diagnosis.ts';
import type { SignerExplanations } from '../../../src/signer/stalled-request-diagnosis.ts';
import { CertificateChangeMonitor } from '../../../src/signer/certificate-change-monitor.ts';
import type { ExistingRequestCounts } from '../../../src/signer/csr/submissions.ts';
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

/** A backend over CertificateSigningRequests, whose watch is fed by hand. */
export function aCsrBackend(options: {
  readonly requests: SigningRequests;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  readonly username?: string | undefined;
}): CsrBackend {
  const { requests, clock, log } = options;
  const username = 'username' in options ? options.username : ourAccount;
  const random = (): number => 0.5;
  return new CsrBackend({
    kubernetes: {
      signingRequests: requests,
      selfReviews: { username: () => Promise.resolve(username) },
      signingRequestSource: () => ({
        resource: 'certificatesigningrequests',
        list: () => Promise.reject(new Error('nobody starts the watch')),
        watch: () => {
          throw new Error('nobody starts the watch');
        },
      }),
    },
    attempts: new ApiAttempts({ clock, random }),
    changeMonitor: noChanges(log),
    replica: 'replica-1',
    ...{ clock, random, log },
  });
}

function noChanges(log: RecordingLogger): CertificateChangeMonitor {
  return new CertificateChangeMonitor({ changes: { changed: () => undefined }, log });
}

/** A signer with everything around it faked. */
export class SignerBench {
  readonly clock = new FakeClock();
  readonly requests = new FakeSigningRequests();
  readonly log = new RecordingLogger();
  readonly backend: CsrBackend;
  readonly deletions: DeletionQueue;
  readonly retained: RetainedRequests;
  readonly limiter = new SignerLimiter({ clock: this.clock, random: () => 0.5, log: this.log });
  readonly client = new AbortController();
  /** What had been called when the intent was written. */
  intendedAfter: readonly string[] | undefined;
  /** The requests whose intents were written, in order. */
  readonly intents: string[] = [];
  intentError: Error | undefined;
  readonly order: SigningOrder;
  readonly coalescer: RequestCoalescer;
  readonly signer: BackendSigner;

  private constructor(order: SigningOrder, options: BenchOptions) {
    this.order = order;
    const { clock, requests, log, limiter } = this;
    const username = 'username' in options ? options.username : ourAccount;
    const backend = aCsrBackend({ requests, clock, log, username });
    const attempts = new ApiAttempts({ clock, random: () => 0.5 });
    const deletions = new DeletionQueue({ backend, attempts, clock, log });
    const retained = new RetainedRequests({ deletions, clock, log });
    const approvals: ApprovalLog = { intent: (decision) => this.#intend(decision) };
    const { explanations, budgetMsFor } = options;
    this.backend = backend;
    this.deletions = deletions;
    this.retained = retained;
    this.coalescer = new RequestCoalescer({ approvals });
    this.signer = new BackendSigner({
      ...{ backend, deletions, retained, limiter, clock, budgetMsFor },
      coalescer: this.coalescer,
      diagnosis: new StalledRequestDiagnosis({ explanations, clock, log }),
      changeMonitor: noChanges(log),
      approval: options.approval ?? 'self',
      retainForRetryMs: 60_000,
    });
    name = nameFor(fingerprintOf(order), clock.now());
    requests.calls.length = 0;
  }

  /** What the shared watch feeds. */
  get feed(): SigningRequestFeed {
    return this.backend.feed;
  }

  /** How often an object was there already, by what became of it. */
  get existingCounts(): ExistingRequestCounts {
    return this.backend.submissions.existingCounts;
  }

  static async make(options: BenchOptions = {}): Promise<SignerBench> {
    const { order } = await anOrder(new FakeClock());
    return new SignerBench(order, options);
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
