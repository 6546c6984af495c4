import type { Random } from '../../base/backoff.ts';
import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { RaError } from '../../base/ra-error.ts';
import type { SigningOrder } from '../../ra/signer.ts';
import type { CircuitState, Verdict } from './circuit.ts';
import { SignerCircuits } from './signer-circuits.ts';
import { defaultGateLimits, SignerGate } from './fair-limiter.ts';
import type { GateLimits, GateTurn } from './fair-limiter.ts';
import { QuietTenants } from './low-volume-tenants.ts';

export interface SignerTurnsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits?: GateLimits;
}

/** A request's turn with its signer: leave it when the object is off our hands. */
export interface SignerTurn {
  leave(end: 'issued' | 'silent' | 'other'): void;
  /** What the signer's answer, or its silence, says of it; only the first call counts. */
  judge(verdict: Verdict): void;
}

export interface SignerLoad {
  readonly signer: string;
  readonly limit: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** Agents that are turned away come back at once, so the answer is slow; for so many at a time. */
const delay = { leastMs: 500, spreadMs: 500, most: 1_024 };
const mostSigners = 1_024;
/**
 * How many requests may lie with the signers beyond those that keep them at work. They wait there in
 * front of every tenant, so beside a tenant that asks for little it is a few for each signer. Else all
 * signers share many, since the API server and the signers do more work a second when they have much.
 */
const beyondNeed = { besideQuiet: 5, shared: 50 };

/** Who may go to which signer when: a queue and a circuit for each, so that none stops another. */
export class SignerTurns {
  readonly #options: SignerTurnsOptions;
  readonly #circuits: SignerCircuits;
  readonly #gates = new Map<string, SignerGate>();
  readonly #quiet: QuietTenants;
  #delayed = 0;

  constructor(options: SignerTurnsOptions) {
    this.#options = options;
    this.#circuits = new SignerCircuits(options);
    this.#quiet = new QuietTenants(options.clock);
  }

  circuits(): Iterable<{ readonly signer: string; readonly state: CircuitState }> {
    return this.#circuits.states();
  }

  *loads(): Iterable<SignerLoad> {
    for (const [signer, { limit, inFlight, waiting }] of this.#gates) {
      yield { signer, limit, inFlight, waiting };
    }
  }

  /**
   * Resolves when the order may go to its signer. Throws SIGNER_UNAVAILABLE while the signer does not
   * work, OVERLOADED when its queue is full; on abort the signal's reason.
   */
  async take({ granted, admitted }: SigningOrder, signal: AbortSignal): Promise<SignerTurn> {
    const { signerName } = granted;
    const { namespace } = admitted.identity.id;
    if (this.#circuits.refuses(signerName, namespace)) await this.#refuse(signerName, signal);
    const place = await this.#enter(signerName, namespace, signal);
    const pass = this.#circuits.admit(signerName, namespace);
    if (pass === undefined) {
      place.leave('other');
      return await this.#refuse(signerName, signal);
    }
    return {
      leave: (end) => {
        place.leave(end);
      },
      judge: (verdict) => {
        pass.settle(verdict);
      },
    };
  }

  async #enter(signer: string, namespace: string, signal: AbortSignal): Promise<GateTurn> {
    const ended = this.#quiet.asks(namespace);
    try {
      const place = await this.#gateOf(signer).enter(namespace, signal);
      return {
        leave: (end) => {
          ended();
          place.leave(end);
        },
      };
    } catch (error) {
      ended();
      throw error;
    }
  }

  #beyondNeed(): number {
    const { besideQuiet, shared } = beyondNeed;
    if (this.#quiet.any) return besideQuiet;
    let busy = 0;
    for (const { inFlight } of this.#gates.values()) if (inFlight > 0) busy += 1;
    return Math.max(besideQuiet, Math.floor(shared / Math.max(1, busy)));
  }

  async #refuse(signer: string, signal: AbortSignal): Promise<never> {
    const { clock, random } = this.#options;
    if (this.#delayed < delay.most) {
      this.#delayed += 1;
      try {
        await sleep(clock, delay.leastMs + random() * delay.spreadMs, signal);
      } finally {
        this.#delayed -= 1;
      }
    }
    throw new RaError('SIGNER_UNAVAILABLE', 'the signer does not work: its circuit is open', {
      reason: 'circuit_open',
      fields: { signer },
    });
  }

  #gateOf(signer: string): SignerGate {
    const known = this.#gates.get(signer);
    if (known !== undefined) return known;
    const { clock, limits = defaultGateLimits } = this.#options;
    const gate = new SignerGate(clock, limits, () => this.#beyondNeed());
    this.#forgetIdle();
    this.#gates.set(signer, gate);
    return gate;
  }

  /** Which signers there are is our own configuration; this bounds what comes and goes with it. */
  #forgetIdle(): void {
    for (const [name, { inFlight, waiting }] of this.#gates) {
      if (this.#gates.size < mostSigners) return;
      if (inFlight + waiting === 0) this.#gates.delete(name);
    }
  }
}
