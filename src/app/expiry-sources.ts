import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import type { SignerExpiry } from '../metrics/metrics-sources.ts';
import type { KnownIssuers } from '../ra/known-issuers.ts';

/** The earliest end among the roots of each signer that has some. */
export function rootExpiries(mesh: MeshSource): readonly SignerExpiry[] {
  const { trust } = mesh.current();
  return trust.signerNames.map((signer) => ({
    signer,
    notAfter: Math.min(...trust.rootsFor(signer).map((root) => root.notAfter)),
  }));
}

/** The end of the authority that signed last, of each signer that has signed. */
export function issuerExpiries(issuers: KnownIssuers): readonly SignerExpiry[] {
  return [...issuers.entries()].map(([signer, notAfter]) => ({ signer, notAfter }));
}
