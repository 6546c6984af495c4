import { messageOf } from '../base/error-message.ts';
import { RaError } from '../base/ra-error.ts';
import { eachOnce, parseAuthorities } from '../pki/authorities.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { CaCertificateEntry } from './ca-certificate-entry.ts';
import { MeshConfigError } from './mesh-config-error.ts';

/** More would make the last element of an answer larger than clients are used to. */
const maxRootsPerSigner = 16;

/** Roots that were had from a URL, by the URL. */
export type BundleRoots = ReadonlyMap<string, readonly Certificate[]>;

/**
 * Each signer's roots, from `meshConfig.caCertificates`. Built anew for every mesh config, so that a
 * root or a signer that was removed is gone.
 *
 * Divergence: istiod only ever adds, keeps removed roots, and picks by chance where two entries name
 * one signer. Here the roots of all entries that name a signer are its roots, in the order of the
 * config and each once, so that an old and a new root can stand side by side during a rotation.
 */
export class TrustBundle {
  /** Of no signer: sent along to every workload, and never what anything is verified against. */
  readonly unboundRoots: readonly Certificate[];
  readonly #roots: ReadonlyMap<string, readonly Certificate[]>;

  private constructor(
    roots: ReadonlyMap<string, readonly Certificate[]>,
    unboundRoots: readonly Certificate[],
  ) {
    this.#roots = roots;
    this.unboundRoots = unboundRoots;
  }

  /**
   * The roots that a certificate of that signer must lead to: what a signer returned, and what somebody
   * shows us as a certificate of its, is verified against these. Empty when the mesh config names none;
   * such a signer is not asked for anything.
   */
  anchorsOf(signerName: string): readonly Certificate[] {
    return this.#roots.get(signerName) ?? [];
  }

  /** The same of a signer that is to be asked. Throws SIGNER_WITHOUT_ROOT where there are none. */
  requireAnchorsOf(signerName: string): readonly Certificate[] {
    const anchors = this.anchorsOf(signerName);
    if (anchors.length > 0) return anchors;
    throw new RaError(
      'SIGNER_WITHOUT_ROOT',
      `${signerName} has no root in caCertificates of the mesh config`,
    );
  }

  /**
   * The roots that those are given who are to trust the certificates of that signer: in answers, in
   * ConfigMaps and in ClusterTrustBundles. Each anchor is one of them.
   */
  rootsSentFor(signerName: string): readonly Certificate[] {
    return this.#roots.get(signerName) ?? [];
  }

  /** Every signer that has roots. */
  get signerNames(): readonly string[] {
    return [...this.#roots].flatMap(([name, roots]) => (roots.length > 0 ? [name] : []));
  }

  /** Throws MeshConfigError naming the entry whose certificates cannot be read. */
  static of(
    entries: readonly CaCertificateEntry[],
    bundles: BundleRoots = new Map<string, never>(),
  ): TrustBundle {
    const roots = new Map<string, readonly Certificate[]>();
    let unbound: readonly Certificate[] = [];
    entries.forEach(({ pem, spiffeBundleUrl, certSigners }, index) => {
      const stated = pem === undefined ? [] : readRoots(pem, `caCertificates[${index}].pem`);
      const fetched = bundles.get(spiffeBundleUrl ?? '') ?? [];
      for (const signer of certSigners) {
        roots.set(signer, eachOnce([...(roots.get(signer) ?? []), ...stated, ...fetched]));
      }
      if (certSigners.length === 0) unbound = eachOnce([...unbound, ...stated]);
    });
    for (const [signer, certificates] of roots) refuseTooMany(signer, certificates);
    refuseTooMany('the entries without certSigners together', unbound);
    return new TrustBundle(roots, unbound);
  }
}

function refuseTooMany(whose: string, { length }: readonly Certificate[]): void {
  if (length <= maxRootsPerSigner) return;
  const problem = `${whose} has ${length} roots, more than ${maxRootsPerSigner}`;
  throw new MeshConfigError('caCertificates', problem);
}

function readRoots(pem: string, path: string): readonly Certificate[] {
  try {
    return parseAuthorities(pem);
  } catch (cause) {
    const problem = messageOf(cause);
    throw new MeshConfigError(path, problem, { cause });
  }
}
