import { describeSource } from '../../authz/assignment-sources.ts';
import {
  managedByLabel,
  managedByValue,
  replicaLabel,
  batchLabel,
  tenantLabel,
  identityAnnotation,
  requestIdAnnotation,
  assignedByAnnotation,
  callerAnnotation,
  callerPodUidAnnotation,
} from '../../kube/labels.ts';
import type { SigningRequest, SigningRequestDraft } from '../../kube/signing-requests.ts';
import type { SigningOrder } from '../../ra/signer.ts';
import { assertOneIdentity } from '../signing-order.ts';

/** The usages that istiod asks for; a mesh's workload is both server and client. */
export const workloadUsages = [
  'digital signature',
  'key encipherment',
  'server auth',
  'client auth',
];

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
