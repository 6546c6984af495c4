import type { Pod } from './objects.ts';

/** Pods asked for directly, where an index does not know one yet. */
export interface PodLookup {
  /** Undefined when there is none of that name. Throws KubeApiError. */
  read(namespace: string, name: string, signal: AbortSignal): Promise<Pod | undefined>;
  /** The pods of one namespace on one node. Throws KubeApiError. */
  listOnNode(namespace: string, nodeName: string, signal: AbortSignal): Promise<readonly Pod[]>;
}

/** All pods, as far as they are known here. */
export interface PodDirectory {
  find(namespace: string, name: string): Pod | undefined;
  onNode(nodeName: string, namespace: string, serviceAccount: string): readonly Pod[];
}
