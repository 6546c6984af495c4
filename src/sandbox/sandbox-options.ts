import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { KeyAlgorithm } from '../pki/key-algorithm.ts';

export interface ToySignerOptions {
  /** Such as `clusterissuers.cert-manager.io/foo`. */
  readonly signerName: string;
  /** Leaves are signed by an intermediate instead of the root. */
  readonly intermediate?: boolean;
  readonly keyAlgorithm?: KeyAlgorithm;
  /** How long after the approval it signs. */
  readonly latencyMs?: number;
}

export interface SandboxOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** On 127.0.0.1; any free one where absent. */
  readonly port?: number;
  readonly signers?: readonly ToySignerOptions[];
  /** How many changes a watch can be behind. */
  readonly historySize?: number;
  readonly bookmarkIntervalMs?: number;
  readonly maxObjects?: number;
}

/** The domain of signers that are cert-manager's ClusterIssuers. */
export const clusterIssuerDomain = 'clusterissuers.cert-manager.io';

/** Those of Istio's custom CA set-up. */
export const defaultSigners: readonly ToySignerOptions[] = [
  { signerName: `${clusterIssuerDomain}/istio-system` },
  { signerName: `${clusterIssuerDomain}/foo`, intermediate: true },
  { signerName: `${clusterIssuerDomain}/bar` },
];
