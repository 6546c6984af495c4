import type { Clock } from '../base/clock.ts';
import type { TraceParent } from '../base/trace-parent.ts';

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
  /** The identity that brought the same key before. */
  keyHeldBy?: string;
  ttlAskedSeconds?: string;
  ttlSeconds?: number;
  /** The id of the request that made the object, where this one came while that was under way. */
  sharedWith?: string;
  /** What the signer was found to say elsewhere while it was silent: its own text. */
  signerSays?: string;
  csrName?: string;
  csrUid?: string;
  serialNumber?: string;
  notAfter?: string;
  leafSha256?: string;
  meshGeneration?: number;
  /** Of the trace that the request is part of: 32 digits of lower-case hexadecimal. */
  traceId?: string;
}

/** One step of a request, in milliseconds; one that still ran at the end lasts until then. */
export interface Step {
  readonly name: string;
  /** From the request's arrival. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Whether it came to its end without throwing. */
  readonly done: boolean;
  /** Where in the list the step is that this one is part of. */
  readonly parent: number | undefined;
}

interface StepRecord {
  readonly name: string;
  readonly startMs: number;
  durationMs?: number;
  done: boolean;
  readonly parent: number | undefined;
}

/**
 * The record of one request. Each step notes its facts and its duration; whoever answers the client
 * writes it out once, whatever the outcome.
 */
export class Decision {
  readonly requestId: string;
  readonly facts: DecisionFacts = {};
  readonly stepsMs: Record<string, number> = {};
  /** When the request came, in milliseconds since the Unix epoch. */
  readonly arrivedAt: number;
  /** The caller's own span, of which this request is a part; undefined where it sent none. */
  readonly traceParent: TraceParent | undefined;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #steps: StepRecord[] = [];
  /** The steps under way, outermost first; steps of one request never run side by side. */
  readonly #open: number[] = [];

  constructor(requestId: string, clock: Clock, traceParent?: TraceParent) {
    this.requestId = requestId;
    this.arrivedAt = clock.now();
    this.traceParent = traceParent;
    if (traceParent !== undefined) this.facts.traceId = traceParent.traceId;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** The steps in the order of their beginnings, with those that have not ended. */
  get steps(): readonly Step[] {
    const now = this.#sinceArrival();
    return this.#steps.map(({ durationMs, ...step }) => ({
      ...step,
      durationMs: durationMs ?? now - step.startMs,
    }));
  }

  note(facts: DecisionFacts): void {
    Object.assign(this.facts, facts);
  }

  /** Runs a step and keeps how long it took, in milliseconds, also when it throws. */
  async timed<T>(step: string, run: () => Promise<T> | T): Promise<T> {
    const parent = this.#open.at(-1);
    const record: StepRecord = { name: step, startMs: this.#sinceArrival(), done: false, parent };
    this.#open.push(this.#steps.push(record) - 1);
    try {
      const result = await run();
      record.done = true;
      return result;
    } finally {
      this.#open.pop();
      record.durationMs = this.#sinceArrival() - record.startMs;
      this.stepsMs[step] = rounded(record.durationMs);
    }
  }

  elapsedMs(): number {
    return rounded(this.#sinceArrival());
  }

  #sinceArrival(): number {
    return this.#clock.monotonic() - this.#startedAt;
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
