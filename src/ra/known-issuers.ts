import { BoundedMap } from '../base/bounded-map.ts';
import type { Certificate } from '../pki/certificate.ts';

/** More signers than a mesh has; beyond them the oldest is forgotten. */
const maxSigners = 1_024;

/** Remembers until when each signer's authority is valid, so that no leaf is asked to outlive it. */
export class KnownIssuers {
  readonly #notAfter = new BoundedMap<number>(maxSigners);

  /** Notes an authority that has signed for the signer; the newest counts. */
  saw(signerName: string, issuer: Certificate): void {
    this.#notAfter.set(signerName, issuer.notAfter);
  }

  /** For each signer, until when its authority is valid, in milliseconds since the Unix epoch. */
  entries(): Iterable<readonly [signerName: string, notAfter: number]> {
    return this.#notAfter;
  }

  /** Seconds until the signer's authority, or the last of its roots, ends; rounded down. */
  secondsLeft(signerName: string, roots: readonly Certificate[], now: number): number {
    const lastRoot = Math.max(...roots.map((root) => root.notAfter));
    const end = Math.min(this.#notAfter.get(signerName) ?? Infinity, lastRoot);
    return Math.max(0, Math.floor((end - now) / 1000));
  }
}
