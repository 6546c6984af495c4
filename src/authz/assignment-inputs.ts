import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { Labels } from '../mesh/proxy-config.ts';
import type { ProxyConfigSnapshot } from '../mesh/proxy-config-index.ts';
import type { AssignmentSettings } from './assignment-sources.ts';
import type { SignerPolicy } from './signer-policy.ts';

/** Everything that decides which signer a caller gets, as it was at one moment. */
export interface AssignmentInputs {
  readonly policy: SignerPolicy;
  readonly proxyConfigs: ProxyConfigSnapshot;
  readonly settings: AssignmentSettings;
  readonly mesh: MeshSnapshot;
  /** Of a namespace in that cluster; undefined when it, or its labels, are not known. */
  namespaceLabels(namespace: string, cluster: string): Labels | undefined;
}

/** The inputs as they are now. Take them once for each decision: the next call may return others. */
export interface AssignmentInputSource {
  current(): AssignmentInputs;
}
