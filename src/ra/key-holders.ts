import { BoundedMap } from '../base/bounded-map.ts';
import type { Logger } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import type { Decision } from './decision.ts';

export interface KeyHoldersOptions {
  /** Whether a key that another identity holds is refused; otherwise it is told and no more. */
  readonly denyReuse: boolean;
  readonly log: Logger;
  /** How many keys are remembered; 20,000 where absent. */
  readonly maxKeys?: number;
}

/** What is asked of a key: it was proved that whoever asks has it. */
export interface KeyClaim {
  readonly spkiSha256: string;
  /** The SPIFFE id to be certified. */
  readonly identity: string;
}

/** A day of 10,000 pods that renew twice, over three replicas; some five megabytes. */
const defaultMaxKeys = 20_000;

/**
 * Remembers which identity brought which key first. Agents make a key for each certificate, so one
 * key under two names is a stolen key, or a mistake that lets one workload speak for the other.
 *
 * Each replica knows what itself has seen since its start, and of too many keys the ones that were
 * not used for longest are forgotten: it finds keys that are shared, and proves of none that it is not.
 */
export class KeyHolders {
  readonly #options: KeyHoldersOptions;
  /** Identities by key, the one used last at the end. */
  readonly #holders: BoundedMap<string>;

  constructor(options: KeyHoldersOptions) {
    this.#options = options;
    this.#holders = new BoundedMap(options.maxKeys ?? defaultMaxKeys);
  }

  /**
   * Notes the holder of a key that is somebody else's in the decision, and in the log as a warning.
   * Throws KEY_REFUSED then where reuse is denied.
   */
  claim({ spkiSha256, identity }: KeyClaim, decision: Decision): void {
    const { denyReuse, log } = this.#options;
    const holder = this.#holders.get(spkiSha256) ?? identity;
    this.#holders.set(spkiSha256, holder);
    if (holder === identity) return;
    decision.note({ keyHeldBy: holder });
    log.warn('one key is used by two identities', {
      requestId: decision.requestId,
      spkiSha256,
      holder,
      identity,
      refused: denyReuse,
    });
    if (!denyReuse) return;
    throw new RaError('KEY_REFUSED', `the key is that of ${holder}`, { reason: 'key_reused' });
  }
}
