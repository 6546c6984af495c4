import { RaError } from '../base/ra-error.ts';
import type { Caller } from '../authn/caller.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';

/** Says whether a node agent may ask on behalf of another identity; throws where it may not. */
export interface NodeAuthorizer {
  /** Returns the identity, parsed. Throws IMPERSONATION_REFUSED with the reason for the log. */
  authorize(caller: Caller, impersonated: string, signal: AbortSignal): Promise<SpiffeId>;
}

/** Proof that the caller may hold a certificate for `id`. Only `grantIdentity` makes one. */
export class GrantedIdentity {
  declare protected readonly proof: true;
  readonly id: SpiffeId;
  readonly caller: Caller;

  private constructor(id: SpiffeId, caller: Caller) {
    this.id = id;
    this.caller = caller;
  }

  /** True when a node agent asks for a workload of its node. */
  get impersonated(): boolean {
    return this.id.uri !== this.caller.identity.uri;
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
    if (impersonated === undefined || impersonated === '') {
      return new GrantedIdentity(caller.identity, caller);
    }
    if (nodeAuthorizer === undefined) {
      throw new RaError('IMPERSONATION_REFUSED', 'no node account is trusted to impersonate', {
        reason: 'impersonation_off',
      });
    }
    return new GrantedIdentity(
      await nodeAuthorizer.authorize(caller, impersonated, signal),
      caller,
    );
  }
}
