import { RaError } from '../base/ra-error.ts';
import type { SignerName } from '../mesh/signer-name.ts';

/** How far somebody who vouches for callers (a cluster, a token issuer) is believed. */
export interface TrustScope {
  /** Whoever it vouches for in another namespace is refused. */
  readonly allowedNamespaces: 'all' | ReadonlySet<string>;
  /** The signers that its callers may reach, by full name; authz holds them to it. */
  readonly allowedSigners: 'all' | ReadonlySet<SignerName>;
}

/**
 * Throws CALLER_UNAUTHENTICATED for a namespace outside of the scope.
 *
 * Divergence: in istiod every cluster vouches for every namespace of the mesh.
 */
export function checkNamespace({ allowedNamespaces }: TrustScope, namespace: string): void {
  if (allowedNamespaces === 'all' || allowedNamespaces.has(namespace)) return;
  throw new RaError('CALLER_UNAUTHENTICATED', 'its voucher does not speak for that namespace', {
    reason: 'namespace_out_of_scope',
    fields: { namespace },
  });
}
