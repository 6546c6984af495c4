import type { Random } from '../../base/backoff.ts';
import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { RaError } from '../../base/ra-error.ts';
import type { SigningOrder } from '../../ra/signer.ts';
import type { CircuitState, Verdict } from './circuit.ts';
import { SignerCircuits } from './signer-circuits.ts';
import { defaultFairLimiterBounds, FairLimiter } from './fair-limiter.ts';
import type { FairLimiterBounds, LimiterPermit } from './fair-limiter.ts';
import { LowVolumeTenants } from './low-volume-tenants.ts';

export interface SignerLimiterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits?: FairLimiterBounds;
}

/** A request's permission to be with its signer; to be released when the request has been. */
export interface SigningPermit {
  release(end: 'issued' | 'stalled' | 'other'): void;
  /** Takes what the answer, or its absence, says about the signer; only the first call counts. */
  judge(verdict: Verdict): void;
}

export interface SignerLoad {
  readonly signer: string;
  readonly limit: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** Agents that are refused come back at once, so the refusal is delayed, for so many at a time. */
const delay = { minMs: 500, spreadMs: 500, max: 1_024 };
const maxSigners = 1_024;
/**
 * How many requests may be with the signers beyond those that keep them busy. Those wait there before
 * any request that comes later, so beside a low-volume tenant there are only a few for each signer.
 * Otherwise all signers share many, since the API server and the signers do more work in a second when
 * they have much to do.
 */
const beyondNeed = { besideLowVolume: 5, shared: 50 };

/** Decides which request may go to its signer when. Each signer has a queue and a circuit of its own. */
export class SignerLimiter {
  readonly #options: SignerLimiterOptions;
  readonly #circuits: SignerCircuits;
  readonly #limiters = new Map<string, FairLimiter>();
  readonly #lowVolume: LowVolumeTenants;
  #delayed = 0;

  constructor(options: SignerLimiterOptions) {
    this.#options = options;
    this.#circuits = new SignerCircuits(options);
    this.#lowVolume = new LowVolumeTenants(options.clock);
  }

  circuits(): Iterable<{ readonly signer: string; readonly state: CircuitState }> {
    return this.#circuits.states();
  }

  *loads(): Iterable<SignerLoad> {
    for (const [signer, { limit, inFlight, waiting }] of this.#limiters) {
      yield { signer, limit, inFlight, waiting };
    }
  }

  /**
   * Resolves with a permit when the order may go to its signer. Throws SIGNER_UNAVAILABLE while the
   * signer does not work, OVERLOADED when its queue is full; on abort the signal's reason.
   */
  async acquire({ granted, admitted }: SigningOrder, signal: AbortSignal): Promise<SigningPermit> {
    const { signerName } = granted;
    const { namespace } = admitted.identity.id;
    if (this.#circuits.refuses(signerName, namespace)) await this.#refuse(signerName, signal);
    const place = await this.#acquireFrom(signerName, namespace, signal);
    const pass = this.#circuits.admit(signerName, namespace);
    if (pass === undefined) {
      place.release('other');
      return await this.#refuse(signerName, signal);
    }
    return {
      release: (end) => {
        place.release(end);
      },
      judge: (verdict) => {
        pass.settle(verdict);
      },
    };
  }

  async #acquireFrom(
    signer: string,
    namespace: string,
    signal: AbortSignal,
  ): Promise<LimiterPermit> {
    const ended = this.#lowVolume.requested(namespace);
    try {
      const place = await this.#limiterOf(signer).acquire(namespace, signal);
      return {
        release: (end) => {
          ended();
          place.release(end);
        },
      };
    } catch (error) {
      ended();
      throw error;
    }
  }

  #beyondNeed(): number {
    const { besideLowVolume, shared } = beyondNeed;
    if (this.#lowVolume.any) return besideLowVolume;
    let busy = 0;
    for (const { inFlight } of this.#limiters.values()) if (inFlight > 0) busy += 1;
    return Math.max(besideLowVolume, Math.floor(shared / Math.max(1, busy)));
  }

  async #refuse(signer: string, signal: AbortSignal): Promise<never> {
    const { clock, random } = this.#options;
    if (this.#delayed < delay.max) {
      this.#delayed += 1;
      try {
        await sleep(clock, delay.minMs + random() * delay.spreadMs, signal);
      } finally {
        this.#delayed -= 1;
      }
    }
    throw new RaError('SIGNER_UNAVAILABLE', 'the signer does not work: its circuit is open', {
      reason: 'circuit_open',
      fields: { signer },
    });
  }

  #limiterOf(signer: string): FairLimiter {
    const known = this.#limiters.get(signer);
    if (known !== undefined) return known;
    const { clock, limits = defaultFairLimiterBounds } = this.#options;
    const limiter = new FairLimiter(clock, limits, () => this.#beyondNeed());
    this.#forgetIdle();
    this.#limiters.set(signer, limiter);
    return limiter;
  }

  /** The configuration says which signers there are; this bounds what stays of those that have gone. */
  #forgetIdle(): void {
    for (const [name, { inFlight, waiting }] of this.#limiters) {
      if (this.#limiters.size < maxSigners) return;
      if (inFlight + waiting === 0) this.#limiters.delete(name);
    }
  }
}
