import type { AssignmentInputs } from '../authz/assignment-inputs.ts';
import { explainSigner } from '../authz/granted-signer.ts';
import { RaError } from '../base/ra-error.ts';
import { SpiffeIdError, workloadId } from '../pki/spiffe-id.ts';

/** Which signer a workload that requests none would get. */
export type AssignedSigner =
  | { readonly kind: 'granted'; readonly signer: string; readonly source: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface WorkloadOnMap {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly cluster: string;
}

/**
 * Decided by the code that decides on requests. No pod is known, so a ProxyConfig that selects pods
 * has no say. Never throws.
 */
export function assignedSigner(workload: WorkloadOnMap, inputs: AssignmentInputs): AssignedSigner {
  const { namespace, cluster } = workload;
  const { config, trust } = inputs.mesh;
  try {
    const identity = workloadId({ ...workload, trustDomain: config.trustDomain });
    const namespaceLabels = inputs.namespaceLabels(namespace, cluster);
    const subject = { identity, cluster, namespaceLabels, podLabels: undefined };
    const { verdict } = explainSigner(subject, undefined, inputs);
    if (verdict.kind === 'refused') return { kind: 'refused', reason: verdict.error.reason };
    const { signer, source } = verdict;
    trust.requireAnchorsOf(signer);
    return { kind: 'granted', signer, source };
  } catch (error) {
    if (!(error instanceof SpiffeIdError || error instanceof RaError)) throw error;
    return { kind: 'refused', reason: error.reason };
  }
}
