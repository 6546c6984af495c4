import type { RaConfig } from '../config/ra-config.ts';
import type { ServiceAccountName } from '../kube/cluster-inspection.ts';
import { allChecks } from './all-checks.ts';
import type { CheckResult } from './check.ts';
import { factOf, knownFact } from './fact.ts';
import type { Fact } from './fact.ts';
import type { Facts } from './facts.ts';
import { gatherFacts } from './gather-facts.ts';
import type { CheckPorts } from './ports.ts';
import { runChecks } from './run-checks.ts';
import type { RunOptions } from './run-checks.ts';
import { usedSigners } from './used-signers.ts';

export interface CheckClusterOptions extends Pick<RunOptions, 'signal' | 'onProgress'> {
  /** The account that `serve` runs with, or will. */
  readonly account: ServiceAccountName;
  /** Whether a certificate may really be asked for, of each signer. */
  readonly makesCanaries: boolean;
}

/** Looks at everything that keeps `serve` from working with these settings. Never rejects. */
export async function checkCluster(
  config: RaConfig,
  ports: CheckPorts,
  options: CheckClusterOptions,
): Promise<readonly CheckResult[]> {
  const { account, makesCanaries, signal, onProgress } = options;
  onProgress?.(['reading the cluster']);
  const facts = await gatherFacts(config, ports, signal);
  const signers = signersOf(config, facts);
  const checks = allChecks({ config, facts, ports, account, makesCanaries, signers });
  return runChecks(checks, { clock: ports.clock, signal, onProgress });
}

function signersOf(config: RaConfig, facts: Facts): Fact<readonly string[]> {
  try {
    return knownFact(usedSigners(config, facts));
  } catch (error) {
    return factOf(error);
  }
}
