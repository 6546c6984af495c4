import type { ApprovalLog } from '../../../src/ra/approval-log.ts';
import type { SigningOrder } from '../../../src/ra/signer.ts';
import { ApiAttempts } from '../../../src/signer/api-attempts.ts';
import { KubernetesCsrSigner } from '../../../src/signer/kubernetes-csr-signer.ts';
import type { ApprovalMode } from '../../../src/signer/kubernetes-csr-signer.ts';
import { Removals } from '../../../src/signer/removals.ts';
import { SigningRequestFeed } from '../../../src/signer/signing-request-feed.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeSigningRequests } from '../../support/fake-signing-requests.ts';
import { anOrder } from '../../support/orders.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

/** The name that the signer gives to the object of the bench's order. */
export const name = 'ra-r1';

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
  readonly removals = new Removals(this);
  readonly client = new AbortController();
  /** What had been called when the intent was written. */
  intendedAfter: readonly string[] | undefined;
  intentError: Error | undefined;
  readonly approvals: ApprovalLog = {
    intent: () => {
      this.intendedAfter = [...this.requests.calls];
      return this.intentError === undefined ? Promise.resolve() : Promise.reject(this.intentError);
    },
  };
  readonly order: SigningOrder;
  readonly #approval: ApprovalMode;

  private constructor(order: SigningOrder, approval: ApprovalMode) {
    this.order = order;
    this.#approval = approval;
  }

  static async make(approval: ApprovalMode = 'self'): Promise<SignerBench> {
    const { order } = await anOrder(new FakeClock());
    return new SignerBench(order, approval);
  }

  /** Starts signing and lets it come as far as it can without the outside. */
  async sign(): Promise<{ result: Promise<string> }> {
    const { requests, feed, removals, attempts } = this;
    const signer = new KubernetesCsrSigner({
      requests,
      feed,
      removals,
      attempts,
      approvals: this.approvals,
      approval: this.#approval,
      replica: 'replica-1',
    });
    const result = signer
      .sign(this.order, this.client.signal)
      .then((chain) => chain.certificatePem);
    result.catch(() => undefined);
    await settle();
    return { result };
  }
}
