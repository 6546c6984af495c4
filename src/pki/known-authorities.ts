import { hash } from 'node:crypto';
import { BoundedMap } from '../base/bounded-map.ts';
import { parseCertificate } from './certificate.ts';
import type { Certificate } from './certificate.ts';

/** More than the authorities of all signers of a large mesh, their predecessors included. */
const maxKept = 256;

/**
 * Authorities that stood above a leaf before: a signer sends the same ones each time, so each is taken
 * apart once. It says nothing about whether one may be trusted.
 */
export class KnownAuthorities {
  /** By the SHA-256 of their DER, those used longest ago first. */
  readonly #kept = new BoundedMap<Certificate>(maxKept);

  /** Throws CertificateError, as `parseCertificate` does. */
  parse(der: Uint8Array): Certificate {
    return this.#kept.get(hash('sha256', der)) ?? parseCertificate(der);
  }

  /** Leaves come once and would only push the authorities out: keep those alone that stood above one. */
  keep(authorities: Iterable<Certificate>): void {
    for (const authority of authorities) this.#kept.set(authority.sha256, authority);
  }
}
