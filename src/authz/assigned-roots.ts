import type { AssignedRoots, IdentityRoots } from '../authn/client-certificate-authenticator.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';
import { resolveAssignment } from './signer-assignment.ts';
import type { SignerWorlds } from './signer-world.ts';

export interface SignerRootsOptions {
  readonly worlds: SignerWorlds;
  /** The id of the local cluster, to which who comes with a certificate belongs. */
  readonly cluster: string;
}

/**
 * The roots of the signers that the configuration assigns to an identity whose pod nobody knows, as it
 * is for who renews with a certificate: neither its wish nor what weaker sources name counts here, or
 * the holder of a signer that the identity once had could go on to mint it.
 */
export class SignerRoots implements AssignedRoots {
  readonly #options: SignerRootsOptions;

  constructor(options: SignerRootsOptions) {
    this.#options = options;
  }

  rootsFor(identity: SpiffeId): Promise<IdentityRoots> {
    const { worlds, cluster } = this.#options;
    const world = worlds.current();
    const namespaceLabels = world.namespaceLabels(identity.namespace, cluster);
    const workload = { identity, cluster, namespaceLabels, podLabels: undefined };
    const { outcome } = resolveAssignment({ ...world, workload });
    const assigned = new Set<string>(outcome.kind === 'assigned' ? outcome.signers : []);
    const { trust } = world.mesh;
    const others = trust.signerNames.filter((name) => !assigned.has(name));
    return Promise.resolve({
      roots: [...assigned].flatMap((name) => trust.rootsFor(name)),
      foreign: others.flatMap((name) => trust.rootsFor(name)),
    });
  }
}
