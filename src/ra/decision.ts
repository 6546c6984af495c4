import type { Clock } from '../base/clock.ts';

/** What became known of a request on its way, for the one line that tells its outcome. */
export interface DecisionFacts {
  peer?: string;
  method?: string;
  caller?: string;
  callerCluster?: string;
  callerPod?: string;
  callerPodUid?: string;
  identity?: string;
  /** What the client asked for; unlike the rest it is the client's own text. */
  certSigner?: string;
  signer?: string;
  assignedBy?: string;
  /** The signer that was asked for, where the assigned one serves instead. */
  servedInsteadOf?: string;
  spkiSha256?: string;
  ttlAskedSeconds?: string;
  ttlSeconds?: number;
  csrName?: string;
  csrUid?: string;
  serialNumber?: string;
  notAfter?: string;
  leafSha256?: string;
  meshGeneration?: number;
}

/**
 * The record of one request. Each step notes its facts and its duration; whoever answers the client
 * writes it out once, whatever the outcome.
 */
export class Decision {
  readonly requestId: string;
  readonly facts: DecisionFacts = {};
  readonly stepsMs: Record<string, number> = {};
  readonly #clock: Clock;
  readonly #startedAt: number;

  constructor(requestId: string, clock: Clock) {
    this.requestId = requestId;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  note(facts: DecisionFacts): void {
    Object.assign(this.facts, facts);
  }

  /** Runs a step and keeps how long it took, in milliseconds, also when it throws. */
  async timed<T>(step: string, run: () => Promise<T> | T): Promise<T> {
    const start = this.#clock.monotonic();
    try {
      return await run();
    } finally {
      this.stepsMs[step] = Math.round((this.#clock.monotonic() - start) * 100) / 100;
    }
  }

  elapsedMs(): number {
    return Math.round((this.#clock.monotonic() - this.#startedAt) * 100) / 100;
  }
}
