import type { Suite } from '../runner/suite.ts';
import { certificateSteps } from './certificate-steps.ts';
import { costSteps } from './cost-steps.ts';
import { IsolationSteps } from './isolation-steps.ts';
import { issuerSteps } from './issuer-steps.ts';
import { meshSteps } from './mesh-steps.ts';
import { refusalSteps } from './refusal-steps.ts';
import { trafficSteps, type Envoys } from './traffic-steps.ts';
import type { World } from './world.ts';

/** Runs the walk-through up to its costs; what it needs for more stands afterwards. */
export async function walk(
  suite: Suite,
  world: World,
  envoys: Envoys = new Map(),
): Promise<boolean> {
  const stands = await suite.chapter('The mesh: issuers, rights, istio-ra, workloads', [
    ...issuerSteps(world),
    ...meshSteps(world),
  ]);
  if (!stands) return false;
  await suite.chapter('Certificates', [...certificateSteps(world), ...refusalSteps(world)]);
  await suite.chapter('Traffic between real Envoys', trafficSteps(world, envoys));
  await suite.chapter('Isolation', new IsolationSteps(world).steps());
  await suite.chapter('What it cost', costSteps(world));
  return true;
}
