import type { Caller } from '../authn/caller.ts';
import { checkNamespace } from '../authn/trust-scope.ts';
import type { TrustScope } from '../authn/trust-scope.ts';
import { RaError } from '../base/ra-error.ts';
import type { Impersonation, NodeAuthorizer } from './granted-identity.ts';

/** Has each node agent judged by the pods of the cluster that vouched for it, and by no others. */
export class ClusterNodeAuthorizers implements NodeAuthorizer {
  readonly #authorizerOf: (cluster: string) => NodeAuthorizer | undefined;

  /** `authorizerOf` is undefined for a cluster whose pods are not known here. */
  constructor(authorizerOf: (cluster: string) => NodeAuthorizer | undefined) {
    this.#authorizerOf = authorizerOf;
  }

  async authorize(
    caller: Caller,
    impersonated: string,
    signal: AbortSignal,
  ): Promise<Impersonation> {
    const authorizer = this.#authorizerOf(caller.cluster);
    if (authorizer === undefined) {
      throw new RaError('IMPERSONATION_REFUSED', 'the pods of its cluster are not known here', {
        reason: 'cluster_without_pods',
      });
    }
    return authorizer.authorize(caller, impersonated, signal);
  }
}

/** A cluster's word on its pods, as far as the cluster is believed: it says what pods there are. */
export class ScopedNodeAuthorizer implements NodeAuthorizer {
  readonly #authorizer: NodeAuthorizer;
  readonly #scope: TrustScope;

  constructor(authorizer: NodeAuthorizer, scope: TrustScope) {
    this.#authorizer = authorizer;
    this.#scope = scope;
  }

  /** Throws CALLER_UNAUTHENTICATED, too, for a workload in a namespace outside of the scope. */
  async authorize(
    caller: Caller,
    impersonated: string,
    signal: AbortSignal,
  ): Promise<Impersonation> {
    const impersonation = await this.#authorizer.authorize(caller, impersonated, signal);
    checkNamespace(this.#scope, impersonation.id.namespace);
    return impersonation;
  }
}
