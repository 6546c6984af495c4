import type { PolicyMeshCheck } from '../authz/policy-mesh-check.ts';
import type { SignerPolicy } from '../authz/signer-policy.ts';
import type { AssignmentInputs } from '../authz/assignment-inputs.ts';
import type { Namespace } from '../kube/objects.ts';
import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { ProxyConfigEntry } from '../mesh/proxy-config.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { ControlPlaneWorkload } from './control-plane-workload.ts';
import type { Fact } from './fact.ts';
import type { InjectedPod } from './injected-pod.ts';
import type { RootConfigMap } from './read-root-config-map.ts';

/** What the API server says of itself. */
export interface ServerFacts {
  /** Such as `v1.34.1`. */
  readonly version: string;
  /** Its clock less ours, in milliseconds; undefined where it told none. */
  readonly clockSkewMs: number | undefined;
}

export interface MeshFacts {
  readonly snapshot: MeshSnapshot;
  /** In words. */
  readonly origin: string;
  readonly isConfigMap: boolean;
}

export interface PolicyFacts extends PolicyMeshCheck {
  readonly policy: SignerPolicy;
}

export interface PodFacts {
  readonly pods: readonly InjectedPod[];
  /** False where there are more than were looked at. */
  readonly isWhole: boolean;
}

/** All that checks judge by, each sought once. */
export interface Facts {
  readonly server: Fact<ServerFacts>;
  readonly mesh: Fact<MeshFacts>;
  readonly policy: Fact<PolicyFacts>;
  readonly proxyConfigs: Fact<readonly ProxyConfigEntry[]>;
  readonly namespaces: Fact<readonly Namespace[]>;
  /** By which `serve` would decide, as far as it is known. */
  readonly inputs: Fact<AssignmentInputs>;
  readonly pods: Fact<PodFacts>;
  readonly istiods: Fact<readonly ControlPlaneWorkload[]>;
  /** ztunnel's DaemonSets. */
  readonly nodeAgents: Fact<readonly ControlPlaneWorkload[]>;
  readonly certManagers: Fact<readonly ControlPlaneWorkload[]>;
  /** Whether the API has cert-manager's resources. */
  readonly hasCertManager: Fact<boolean>;
  readonly rootConfigMaps: Fact<readonly RootConfigMap[]>;
  /** The roots that clients need to verify us; empty where nothing tells them. */
  readonly clientRoots: Fact<readonly Certificate[]>;
  /** The values of the sidecar injector, JSON. */
  readonly injectorValues: Fact<string>;
}
