import type { BoundPod, Caller } from '../authn/caller.ts';
import type { Clock } from '../base/clock.ts';
import { RaError } from '../base/ra-error.ts';
import { KubeApiError } from '../kube/api-error.ts';
import type { PodDirectory, PodLookup } from '../kube/pod-directory.ts';
import type { Pod } from '../kube/objects.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import { parseSpiffeId, SpiffeIdError } from '../pki/spiffe-id.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';
import type { Impersonation, NodeAuthorizer } from './granted-identity.ts';

/** A service account that may ask for the pods of its node, such as ztunnel's. */
export interface TrustedNodeAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface PodNodeAuthorizerOptions {
  readonly trusted: readonly TrustedNodeAccount[];
  readonly pods: PodDirectory;
  /** Asked once where the index does not know: a pod's first request may be faster than the watch. */
  readonly lookup: PodLookup;
  readonly mesh: MeshSource;
  readonly clock: Clock;
}

/** A pod past its deletion for longer than this counts as gone, though its object lingers. */
const lingerMs = 60_000;

/**
 * Lets a node agent act for the workloads of its own node: the agent's account must be trusted, its
 * token bound to a pod that exists, and a live pod of the asked identity must be on that pod's node.
 *
 * Divergence: istiod compares neither the trust domain nor the pod's phase beyond Failed.
 */
export class PodNodeAuthorizer implements NodeAuthorizer {
  readonly #options: PodNodeAuthorizerOptions;

  constructor(options: PodNodeAuthorizerOptions) {
    this.#options = options;
  }

  async authorize(
    caller: Caller,
    impersonated: string,
    signal: AbortSignal,
  ): Promise<Impersonation> {
    const bound = this.#trustedPod(caller);
    const id = this.#workloadOf(impersonated);
    const nodeName = await this.#nodeOf(caller, bound, signal);
    const pods = await this.#livePods(id, nodeName, signal);
    if (pods.length === 0) throw refused('not_on_node', 'no live pod of the identity on the node');
    return { id, pods };
  }

  #trustedPod({ identity, pod, method }: Caller): BoundPod {
    const { trusted } = this.#options;
    const { namespace, serviceAccount } = identity;
    const isTrusted = trusted.some(
      (account) => account.namespace === namespace && account.serviceAccount === serviceAccount,
    );
    if (!isTrusted) throw refused('account_not_trusted', 'the account is no trusted node account');
    // A certificate or a token of no pod says nothing about a node.
    if (method !== 'kubernetes-token' || pod === undefined) {
      throw refused('token_not_bound', 'the token is not bound to a pod');
    }
    return pod;
  }

  #workloadOf(impersonated: string): SpiffeId {
    const id = parse(impersonated);
    if (id.trustDomain !== this.#options.mesh.current().config.trustDomain) {
      throw refused('foreign_trust_domain', 'the identity is of another trust domain');
    }
    return id;
  }

  async #nodeOf({ identity }: Caller, bound: BoundPod, signal: AbortSignal): Promise<string> {
    const { pods, lookup } = this.#options;
    const { namespace, serviceAccount } = identity;
    const isBound = (pod: Pod | undefined): pod is Pod => pod?.uid === bound.uid;
    const known = pods.find(namespace, bound.name);
    const pod = isBound(known)
      ? known
      : await answered(() => lookup.read(namespace, bound.name, signal));
    if (!isBound(pod)) throw refused('agent_pod_gone', "the agent's pod does not exist");
    if (pod.serviceAccount !== serviceAccount || !this.#isLive(pod)) {
      throw refused('agent_pod_differs', "the agent's pod is not live or of another account");
    }
    if (pod.nodeName === undefined)
      throw refused('agent_without_node', "the agent's pod has no node");
    return pod.nodeName;
  }

  async #livePods(id: SpiffeId, nodeName: string, signal: AbortSignal): Promise<readonly Pod[]> {
    const { pods, lookup } = this.#options;
    const live = (pod: Pod): boolean =>
      pod.serviceAccount === id.serviceAccount && pod.nodeName === nodeName && this.#isLive(pod);
    const known = pods.onNode(nodeName, id.namespace, id.serviceAccount).filter(live);
    if (known.length > 0) return known;
    return (await answered(() => lookup.listOnNode(id.namespace, nodeName, signal))).filter(live);
  }

  #isLive({ phase, deletionTimestamp }: Pod): boolean {
    if (phase === 'Succeeded' || phase === 'Failed') return false;
    return (
      deletionTimestamp === undefined || deletionTimestamp + lingerMs > this.#options.clock.now()
    );
  }
}

function parse(impersonated: string): SpiffeId {
  try {
    return parseSpiffeId(impersonated);
  } catch (error) {
    if (!(error instanceof SpiffeIdError)) throw error;
    throw refused('identity_malformed', 'the impersonated identity is not that of a workload');
  }
}

/** No answer is no refusal: the agent should try again. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    throw new RaError('AUTHENTICATION_UNAVAILABLE', 'the API server did not tell about the pods', {
      reason: 'pod_lookup_failed',
      cause: error,
    });
  }
}

function refused(reason: string, message: string): RaError {
  return new RaError('IMPERSONATION_REFUSED', message, { reason });
}
