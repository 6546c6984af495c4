import { RaError } from '../base/ra-error.ts';
import type { SignerName } from '../mesh/signer-name.ts';

/** For which callers an issuer of identities (a cluster, a token issuer) is trusted. */
export interface TrustScope {
  /** Its callers in other namespaces are refused. */
  readonly allowedNamespaces: 'all' | ReadonlySet<string>;
  /** The signers that its callers may reach, by full name; authz holds them to it. */
  readonly allowedSigners: 'all' | ReadonlySet<SignerName>;
}

/**
 * Throws CALLER_UNAUTHENTICATED for a namespace outside of the scope.
 *
 * Divergence: istiod trusts every cluster for every namespace of the mesh.
 */
export function checkNamespace({ allowedNamespaces }: TrustScope, namespace: string): void {
  if (allowedNamespaces === 'all' || allowedNamespaces.has(namespace)) return;
  throw new RaError('CALLER_UNAUTHENTICATED', 'its issuer is not trusted for that namespace', {
    reason: 'namespace_out_of_scope',
    fields: { namespace },
  });
}
