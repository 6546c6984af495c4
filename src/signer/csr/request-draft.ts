import { describeSource } from '../../authz/assignment-sources.ts';
import { tenantLabel } from '../../kube/signing-requests.ts';
import type { SigningRequest, SigningRequestDraft } from '../../kube/signing-requests.ts';
import type { SigningOrder } from '../../ra/signer.ts';
import { assertOneIdentity } from '../signing-order.ts';

/** Marks our objects, for the watch, for people and for whoever cleans up. */
export const managedByLabel = 'app.kubernetes.io/managed-by';
export const managedByValue = 'istio-ra';
/** Which replica made an object: each watches its own alone. */
export const replicaLabel = 'istio-ra/replica';
/** Objects that are deleted by one call; see cleanup/deletion-batches.ts. */
export const batchLabel = 'istio-ra/batch';
export const identityAnnotation = 'istio-ra/identity';
export const requestIdAnnotation = 'istio-ra/request-id';
/** The rule, ProxyConfig or setting that gave the identity its signer. */
const assignedByAnnotation = 'istio-ra/assigned-by';
/** Other than the identity where a node agent asks. */
const callerAnnotation = 'istio-ra/caller';
const callerPodUidAnnotation = 'istio-ra/caller-pod-uid';

/** The usages that istiod asks for; a mesh's workload is both server and client. */
export const workloadUsages = [
  'digital signature',
  'key encipherment',
  'server auth',
  'client auth',
];

/** Selects the objects of all replicas. */
export const managedSelector = `${managedByLabel}=${managedByValue}`;

/** Selects the objects of one replica. */
export function replicaSelector(replica: string): string {
  return `${managedByLabel}=${managedByValue},${replicaLabel}=${replica}`;
}

/** The object for an order. Throws INTERNAL when its proofs are about different identities. */
export function draftFor(
  order: SigningOrder,
  {
    name,
    replica,
    batch,
  }: { readonly name: string; readonly replica: string; readonly batch?: string | undefined },
): SigningRequestDraft {
  assertOneIdentity(order);
  const { admitted, granted, ttlSeconds } = order;
  return {
    name,
    labels: {
      [managedByLabel]: managedByValue,
      [replicaLabel]: replica,
      [tenantLabel]: admitted.identity.id.namespace,
      ...(batch === undefined ? {} : { [batchLabel]: batch }),
    },
    annotations: originOf(order),
    signerName: granted.signerName,
    requestPem: admitted.request.pem,
    usages: workloadUsages,
    expirationSeconds: ttlSeconds,
  };
}

/** Who is behind the object, for policy engines and people: its requester is always ourselves. */
function originOf({ admitted, granted, decision }: SigningOrder): Readonly<Record<string, string>> {
  const { id, caller } = admitted.identity;
  return {
    [identityAnnotation]: id.uri,
    [requestIdAnnotation]: decision.requestId,
    [assignedByAnnotation]: describeSource(granted.source),
    [callerAnnotation]: caller.identity.uri,
    ...(caller.pod === undefined ? {} : { [callerPodUidAnnotation]: caller.pod.uid }),
  };
}

/** Whether an object is what the draft asked for, field by field of its spec. */
export function hasDraftedSpec(object: SigningRequest, draft: SigningRequestDraft): boolean {
  return (
    object.name === draft.name &&
    object.signerName === draft.signerName &&
    object.requestPem.trim() === draft.requestPem.trim() &&
    object.expirationSeconds === draft.expirationSeconds &&
    [...object.usages].sort().join() === [...draft.usages].sort().join()
  );
}
