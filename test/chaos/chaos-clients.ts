import assert from 'node:assert/strict';
import type { LoadOptions, LoadReport } from '../e2e/stack/agent.ts';
import { serverName } from '../e2e/walkthrough/world.ts';
import type { ChaosWorld } from './chaos-world.ts';

/** How a client finds an istio-ra, and whom it believes. */
export function clientOf({ world }: ChaosWorld, address: string): ChaosClient {
  const rootFile = world.rootFile('istio-system');
  return { address, rootFile, serverName, certSigner: '{namespace}', key: 'p256' };
}

type ChaosClient = Required<
  Pick<LoadOptions, 'address' | 'rootFile' | 'serverName' | 'certSigner' | 'key'>
>;

/** All workloads of both tenants. */
export function allTenants({ world }: ChaosWorld): Pick<LoadOptions, 'tokenDir'> {
  return { tokenDir: world.tenantTokens() };
}

export function assertServed(report: LoadReport): void {
  assert.equal(report.ok, report.requests, JSON.stringify(report.messages));
}
