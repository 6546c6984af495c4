import type { SignerName } from '../mesh/signer-name.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';

/** The pod that a token is bound to, as the cluster's API server said. */
export interface BoundPod {
  readonly name: string;
  readonly uid: string;
}

/** How a caller proved who it is. */
export type AuthenticationMethod = 'kubernetes-token' | 'oidc-token' | 'client-certificate';

/** Somebody who proved an identity. Only an Authenticator makes one. */
export interface Caller {
  readonly identity: SpiffeId;
  readonly method: AuthenticationMethod;
  /** The id of the cluster whose API server vouched for the caller. */
  readonly cluster: string;
  /** Present when the proof is a token that is bound to a pod. */
  readonly pod: BoundPod | undefined;
  /** The signers that whoever vouched for the caller may reach; authz holds the caller to it. */
  readonly allowedSigners: 'all' | ReadonlySet<SignerName>;
}
