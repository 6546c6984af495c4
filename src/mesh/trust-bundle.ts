import { parseCertificate } from '../pki/certificate.ts';
import type { Certificate } from '../pki/certificate.ts';
import { parseCertificateBundle } from '../pki/pem.ts';
import { MeshConfigError } from './mesh-config.ts';
import type { CaCertificateEntry } from './mesh-config.ts';

/** More would make the last element of an answer larger than clients are used to. */
const mostRootsPerSigner = 16;

/**
 * Each signer's roots, from `meshConfig.caCertificates`. Built anew for every mesh config, so that a
 * root or a signer that was removed is gone.
 *
 * Divergence: istiod only ever adds, keeps removed roots, and picks by chance where two entries name
 * one signer. Here the roots of all entries that name a signer are its roots, in the order of the
 * config and each once, so that an old and a new root can stand side by side during a rotation.
 */
export class TrustBundle {
  readonly #roots: ReadonlyMap<string, readonly Certificate[]>;

  private constructor(roots: ReadonlyMap<string, readonly Certificate[]>) {
    this.#roots = roots;
  }

  /** The roots of that signer; empty when the mesh config names none. */
  rootsFor(signerName: string): readonly Certificate[] {
    return this.#roots.get(signerName) ?? [];
  }

  /** Every signer that has roots. */
  get signerNames(): readonly string[] {
    return [...this.#roots.keys()];
  }

  /** Throws MeshConfigError naming the entry whose certificates cannot be read. */
  static of(entries: readonly CaCertificateEntry[]): TrustBundle {
    const roots = new Map<string, Certificate[]>();
    entries.forEach((entry, index) => {
      const certificates = readRoots(entry.pem, `caCertificates[${index}].pem`);
      for (const signer of entry.certSigners) {
        const known = roots.get(signer) ?? [];
        const fresh = certificates.filter((root) => !known.some((k) => k.sha256 === root.sha256));
        roots.set(signer, [...known, ...fresh]);
      }
    });
    for (const [signer, certificates] of roots) {
      if (certificates.length > mostRootsPerSigner) {
        const problem = `${signer} has ${certificates.length} roots, more than ${mostRootsPerSigner}`;
        throw new MeshConfigError('caCertificates', problem);
      }
    }
    return new TrustBundle(roots);
  }
}

function readRoots(pem: string, path: string): readonly Certificate[] {
  try {
    const certificates = parseCertificateBundle(pem).map((der) => parseCertificate(der));
    const notAnAuthority = certificates.findIndex((certificate) => !certificate.isCa);
    if (notAnAuthority >= 0) {
      throw new Error(`certificate ${notAnAuthority + 1} is not a CA certificate`);
    }
    return certificates.filter(
      (root, at) => certificates.findIndex((other) => other.sha256 === root.sha256) === at,
    );
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MeshConfigError(path, problem, { cause });
  }
}
