import type { Certificate } from '../pki/certificate.ts';

export interface ClientRootsOptions {
  /** The roots of whoever signs our own serving certificate. */
  readonly servingSignerRoots: readonly Certificate[];
  /** Further roots, such as those of an istiod beside us. */
  readonly furtherRoots: readonly Certificate[];
}

/**
 * One bundle in PEM that verifies both istiod and us; undefined where there is no root at all. Each
 * certificate is there once, in our own encoding, and the order does not depend on the order of what is
 * given: a mesh config that was only rearranged must not rewrite a ConfigMap in every namespace.
 */
export function clientRootsPem({
  servingSignerRoots,
  furtherRoots,
}: ClientRootsOptions): string | undefined {
  const roots = new Map<string, string>();
  for (const part of [servingSignerRoots, furtherRoots]) {
    const inOrder = part.toSorted((one, other) => (one.sha256 < other.sha256 ? -1 : 1));
    for (const { sha256, pem } of inOrder) roots.set(sha256, pem);
  }
  return roots.size === 0 ? undefined : [...roots.values()].join('');
}
