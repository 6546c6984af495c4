import { RaError } from '../base/ra-error.ts';
import type { Caller } from '../authn/caller.ts';
import type { Pod } from '../kube/objects.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';

/** A workload for which a node agent may ask, and its pods on the agent's node. */
export interface Impersonation {
  readonly id: SpiffeId;
  readonly pods: readonly Pod[];
}

/** Says whether a node agent may ask on behalf of another identity; throws where it may not. */
export interface NodeAuthorizer {
  /**
   * Throws IMPERSONATION_REFUSED with the reason for the log, and AUTHENTICATION_UNAVAILABLE when it
   * could not find out.
   */
  authorize(caller: Caller, impersonated: string, signal: AbortSignal): Promise<Impersonation>;
}

/** Proof that the caller may hold a certificate for `id`. Only `grant` makes one. */
export class GrantedIdentity {
  declare protected readonly proof: true;
  readonly id: SpiffeId;
  readonly caller: Caller;
  /** The workload's pods where a node agent asks; undefined where the caller asks for itself. */
  readonly impersonatedPods: readonly Pod[] | undefined;

  private constructor(caller: Caller, impersonation?: Impersonation) {
    this.id = impersonation?.id ?? caller.identity;
    this.caller = caller;
    this.impersonatedPods = impersonation?.pods;
  }

  /**
   * The identity that the caller may have: its own, or with `impersonated` the one that the node
   * authorizer allows. Throws IMPERSONATION_REFUSED.
   */
  static async grant(
    request: { readonly caller: Caller; readonly impersonated: string | undefined },
    nodeAuthorizer: NodeAuthorizer | undefined,
    signal: AbortSignal,
  ): Promise<GrantedIdentity> {
    const { caller, impersonated } = request;
    if (impersonated === undefined || impersonated === '') return new GrantedIdentity(caller);
    if (nodeAuthorizer === undefined) {
      throw new RaError('IMPERSONATION_REFUSED', 'no node account is trusted to impersonate', {
        reason: 'impersonation_off',
      });
    }
    const impersonation = await nodeAuthorizer.authorize(caller, impersonated, signal);
    return new GrantedIdentity(caller, impersonation);
  }
}
