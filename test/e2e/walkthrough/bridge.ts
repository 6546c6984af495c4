import assert from 'node:assert/strict';
import { startMtlsClient, startMtlsServer } from '../stack/envoy.ts';
import type { World } from './world.ts';

/** One side of the bridge: a name, and the folder with its key, chain and roots. */
export interface Side {
  readonly name: string;
  readonly identityFolder: string;
}

/**
 * Starts a server and a client Envoy for each side and tries every pair. Returns a line for each, and
 * throws unless exactly the `open` pairs are answered.
 */
export async function tryBridge(
  world: World,
  sides: readonly Side[],
  open: readonly string[],
): Promise<string[]> {
  const { processes } = world;
  const options = ({ name, identityFolder }: Side) => ({
    ...{ name, identityFolder, processes },
    dir: world.path('bridge-envoys'),
    envoy: world.tools.envoy,
  });
  const servers = await Promise.all(sides.map((side) => startMtlsServer(options(side))));
  const upstreams = servers.map(({ name, port }) => ({ name, port }));
  const lines: string[] = [];
  for (const side of sides) {
    const client = await startMtlsClient({
      ...options({ ...side, name: `to-${side.name}` }),
      upstreams,
    });
    for (const { name } of upstreams) {
      const { status } = await client.get(name);
      const pair = `${side.name} to ${name}`;
      assert.equal(status, open.includes(pair) ? 200 : 503, pair);
      lines.push(`${pair}: HTTP ${status}`);
    }
    await client.stop();
  }
  await Promise.all(servers.map((server) => server.stop()));
  return lines;
}
