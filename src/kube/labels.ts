/**
 * What we write on objects so that we, people and policies find them again. The chart's admission
 * policy asks for the first label; test/unit/kube/labels.test.ts holds the two together.
 */
const prefix = 'istio-ra';

/** Under which name the API server keeps what is ours in an object that several write. */
export const fieldManager = 'istio-ra';

/** Marks our objects, for the watch, for people and for whoever cleans up. */
export const managedByLabel = 'app.kubernetes.io/managed-by';
export const managedByValue = 'istio-ra';
/** Which replica made an object: each watches its own alone. */
export const replicaLabel = `${prefix}/replica`;
/** Objects that are removed by one call; see signer/cleanup/deletion-batches.ts. */
export const batchLabel = `${prefix}/batch`;
/** Names the namespace that an object is for; calls for different ones go in turn. */
export const tenantLabel = `${prefix}/namespace`;

export const identityAnnotation = `${prefix}/identity`;
export const requestIdAnnotation = `${prefix}/request-id`;
/** The rule, ProxyConfig or setting that gave the identity its signer. */
export const assignedByAnnotation = `${prefix}/assigned-by`;
/** Other than the identity where a node agent asks. */
export const callerAnnotation = `${prefix}/caller`;
export const callerPodUidAnnotation = `${prefix}/caller-pod-uid`;

/** Selects the objects of all replicas. */
export const managedSelector = `${managedByLabel}=${managedByValue}`;

/** Selects the objects of one replica. */
export function replicaSelector(replica: string): string {
  return `${managedSelector},${replicaLabel}=${replica}`;
}
