import { RaError } from '../base/ra-error.ts';
import { KubeApiError } from '../kube/api-error.ts';
import type { PodDirectory, PodLookup } from '../kube/pod-directory.ts';
import type { Labels } from '../mesh/proxy-config.ts';
import type { ProxyConfigSnapshot } from '../mesh/proxy-config-index.ts';
import type { GrantedIdentity } from './granted-identity.ts';

/** The pods of one cluster. */
export interface PodSource {
  readonly pods: PodDirectory;
  /** Asked where the directory does not know the pod. */
  readonly lookup: PodLookup;
}

export interface CallerPodsOptions {
  /** Undefined for a cluster whose pods nobody here can know. */
  readonly podsOf: (cluster: string) => PodSource | undefined;
}

/** Finds the labels of the pods that a request is about. */
export class CallerPods {
  readonly #options: CallerPodsOptions;

  constructor(options: CallerPodsOptions) {
    this.#options = options;
  }

  /**
   * Undefined where the caller has no pod, or one of a cluster whose pods are not known, and where no
   * ProxyConfig of its namespace selects pods, so that nobody needs to know. Throws AUTHENTICATION_UNAVAILABLE when a pod is needed and cannot
   * be had: without its labels the caller might get another signer than its own.
   */
  async labelsOf(
    { id, caller, impersonatedPods }: GrantedIdentity,
    proxyConfigs: ProxyConfigSnapshot,
    signal: AbortSignal,
  ): Promise<readonly Labels[] | undefined> {
    if (impersonatedPods !== undefined) return impersonatedPods.map(({ labels }) => labels);
    if (caller.pod === undefined || !proxyConfigs.selectPodsOf(id.namespace)) return undefined;
    const source = this.#options.podsOf(caller.cluster);
    if (source === undefined) return undefined;
    const { name, uid } = caller.pod;
    const known = source.pods.find(id.namespace, name);
    const pod = known?.uid === uid ? known : await read(source, { ...id, name }, signal);
    if (pod?.uid !== uid) throw unavailable('the pod of the caller is not known');
    return [pod.labels];
  }
}

async function read(
  { lookup }: PodSource,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): ReturnType<PodLookup['read']> {
  try {
    return await lookup.read(namespace, name, signal);
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    throw unavailable('the pod of the caller cannot be read', error);
  }
}

function unavailable(message: string, cause?: unknown): RaError {
  return new RaError('AUTHENTICATION_UNAVAILABLE', message, {
    reason: 'caller_pod_unknown',
    cause,
  });
}
