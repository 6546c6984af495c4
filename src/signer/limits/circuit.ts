import type { Clock } from '../../base/clock.ts';

export type CircuitState = 'closed' | 'half-open' | 'open';

/** What a request says about its signer. `neutral`: nothing, as when its client gave it up. */
export type Verdict = 'good' | 'fault' | 'neutral';

export interface CircuitOutcome {
  /** Whose request it was. */
  readonly namespace: string;
  readonly fault: boolean;
}

export interface CircuitOptions {
  readonly clock: Clock;
  /** Whether the outcomes of the last 30 s are such that the signer should be left alone. */
  readonly trips: (outcomes: readonly CircuitOutcome[]) => boolean;
}

/** Permission to ask the signer; to be handed back with what came of it. */
export interface CircuitPass {
  readonly isProbe: boolean;
}

const windowMs = 30_000;
const maxOutcomes = 256;
const probeBackoff = { firstMs: 5_000, maxMs: 60_000 };
/** A probe whose end nobody has told by then counts as lost. */
const probeLeaseMs = 120_000;

/**
 * Keeps requests from a signer that does not work. Open it lets nobody through; after a while one
 * probe, whose success closes it and whose failure doubles the while.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  #outcomes: (CircuitOutcome & { readonly at: number })[] = [];
  /** When the next probe may go; undefined while closed. */
  #probeAt: number | undefined;
  #probeWaitMs = probeBackoff.firstMs;
  #probeSince: number | undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  get state(): CircuitState {
    if (this.#probeAt === undefined) return 'closed';
    return this.#now() < this.#probeAt ? 'open' : 'half-open';
  }

  /** Whether it has seen nothing of late, so that it may be forgotten. */
  get isIdle(): boolean {
    this.#forgetOld();
    return this.#probeAt === undefined && this.#outcomes.length === 0;
  }

  /** Whether a request that came now would be turned away. */
  get refuses(): boolean {
    return this.#probeAt !== undefined && (this.#now() < this.#probeAt || this.#hasProbe());
  }

  /** Undefined when the request must be turned away. */
  admit(): CircuitPass | undefined {
    if (this.refuses) return undefined;
    if (this.#probeAt === undefined) return { isProbe: false };
    this.#probeSince = this.#now();
    return { isProbe: true };
  }

  settle({ isProbe }: CircuitPass, verdict: Verdict, namespace: string): void {
    if (isProbe) this.#probeSince = undefined;
    if (verdict === 'neutral') return;
    if (this.#probeAt === undefined) this.#note({ namespace, fault: verdict === 'fault' });
    // Late answers to requests from before tell as much as a probe's, if they are good.
    else if (verdict === 'good') this.#close();
    else if (isProbe) this.#open(Math.min(2 * this.#probeWaitMs, probeBackoff.maxMs));
  }

  #note(outcome: CircuitOutcome): void {
    this.#forgetOld();
    this.#outcomes.push({ ...outcome, at: this.#now() });
    if (outcome.fault && this.#options.trips(this.#outcomes)) this.#open(probeBackoff.firstMs);
  }

  #open(waitMs: number): void {
    this.#probeWaitMs = waitMs;
    this.#probeAt = this.#now() + waitMs;
    this.#outcomes = [];
  }

  #close(): void {
    this.#probeAt = undefined;
    this.#probeSince = undefined;
    this.#probeWaitMs = probeBackoff.firstMs;
  }

  #hasProbe(): boolean {
    return this.#probeSince !== undefined && this.#now() - this.#probeSince < probeLeaseMs;
  }

  #forgetOld(): void {
    const from = this.#now() - windowMs;
    // They are in the order of their times. Nothing is copied unless something goes.
    const firstKept = this.#outcomes.findIndex(({ at }) => at >= from);
    const tooOld = firstKept === -1 ? this.#outcomes.length : firstKept;
    const gone = Math.max(tooOld, this.#outcomes.length - maxOutcomes);
    if (gone > 0) this.#outcomes.splice(0, gone);
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
