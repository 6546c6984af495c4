import type { RaConfig } from '../config/ra-config.ts';
import type { ServiceAccountName } from '../kube/cluster-inspection.ts';
import type { Fact } from './fact.ts';
import type { Facts } from './facts.ts';
import type { CheckPorts } from './ports.ts';

/** What each check may draw on. */
export interface CheckContext {
  readonly config: RaConfig;
  readonly facts: Facts;
  readonly ports: CheckPorts;
  /** The account that `serve` runs with. */
  readonly account: ServiceAccountName;
  /** Whether a certificate may really be asked for, of each signer. */
  readonly makesCanaries: boolean;
  /** Every signer that may be asked for, by full name. */
  readonly signers: Fact<readonly string[]>;
}
