import type { AssignedRoots, IdentityRoots } from '../authn/client-certificate-authenticator.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';
import type { AssignmentInputSource } from './assignment-inputs.ts';
import { resolveAssignment } from './signer-assignment.ts';

export interface SignerRootsOptions {
  readonly inputSource: AssignmentInputSource;
  /** The id of the local cluster, to which who comes with a certificate belongs. */
  readonly cluster: string;
}

/**
 * The roots of the signers that the configuration assigns to an identity whose pod nobody knows, as it
 * is for who renews with a certificate: neither what it requests nor what weaker sources name counts here, or
 * the holder of a signer that the identity once had could go on to mint it.
 */
export class SignerRoots implements AssignedRoots {
  readonly #options: SignerRootsOptions;

  constructor(options: SignerRootsOptions) {
    this.#options = options;
  }

  rootsFor(identity: SpiffeId): Promise<IdentityRoots> {
    const { inputSource, cluster } = this.#options;
    const inputs = inputSource.current();
    const namespaceLabels = inputs.namespaceLabels(identity.namespace, cluster);
    const workload = { identity, cluster, namespaceLabels, podLabels: undefined };
    const { outcome } = resolveAssignment({ ...inputs, workload });
    const assigned = new Set<string>(outcome.kind === 'assigned' ? outcome.signers : []);
    const { trust } = inputs.mesh;
    const others = trust.signerNames.filter((name) => !assigned.has(name));
    return Promise.resolve({
      roots: [...assigned].flatMap((name) => trust.anchorsOf(name)),
      foreign: others.flatMap((name) => trust.anchorsOf(name)),
    });
  }
}
