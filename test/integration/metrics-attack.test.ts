import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uriOf } from '../../src/cli/sandbox-fixtures.ts';
import type { CertificateCall } from '../../src/server/certificate-client.ts';
import { httpbinFoo, RunningMesh } from '../support/running-mesh.ts';
import { parseSamples } from '../support/scraped-samples.ts';

const ztunnel = { namespace: 'istio-system', serviceAccount: 'ztunnel' };
const each = 300;
/** Series of a small mesh, with room for each of the reasons that an attack meets. */
const maxSeries = 700;
const madeUp = /made-?up/i;

let mesh: RunningMesh;
let nodeToken: string;
let asked = 0;

/** What somebody may make up, from whom it is heard. */
const attacks: Readonly<Record<string, (n: number) => Partial<CertificateCall>>> = {
  'signers, from a tenant': (n) => ({ certSigner: `made-up-${n}` }),
  'signers of other domains, from a tenant': (n) => ({ certSigner: `made-up.example/${n}` }),
  'namespaces, from a node agent': (n) => ({
    token: nodeToken,
    certSigner: undefined,
    impersonatedIdentity: uriOf({ namespace: `made-up-${n}`, serviceAccount: 'httpbin' }),
  }),
  'identities, from a tenant': (n) => ({
    impersonatedIdentity: `spiffe://made-up-${n}.example/ns/foo/sa/made-up-${n}`,
  }),
  'clusters, from a tenant': (n) => ({ clusterId: `made-up-${n}` }),
  'tokens, from anybody': (n) => ({ token: `made.up.${n}` }),
  'lifetimes, from a tenant': (n) => ({ validitySeconds: 1 + (n % 599) }),
};

beforeAll(async () => {
  mesh = await RunningMesh.start({
    env: { CA_TRUSTED_NODE_ACCOUNTS: 'istio-system/ztunnel' },
    seed: ({ objects }) => {
      objects.createServiceAccount('istio-system', 'ztunnel');
      objects.createPod({ ...ztunnel, name: 'ztunnel-a', nodeName: 'node-1' });
    },
  });
  nodeToken = mesh.sandbox.token({ ...ztunnel, audiences: ['istio-ca'], pod: 'ztunnel-a' });
  await mesh.request();
  await mesh.requestAs(httpbinFoo);
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

async function scrape(): Promise<{ readonly page: string; readonly tookMs: number }> {
  const start = performance.now();
  const answer = await fetch(`http://${mesh.app.monitoringAddress}/metrics`);
  const page = await answer.text();
  return { page, tookMs: performance.now() - start };
}

describe('an attack with thousands of made-up names', () => {
  it.each(Object.entries(attacks))('of %s, is refused', async (_what, change) => {
    const statuses = await Promise.all(
      Array.from({ length: each }, (_, n) => mesh.statusOf(change(n))),
    );
    asked += each;
    expect(new Set(statuses).has('OK')).toBe(false);
  });

  it('brings no name of its own onto the page /metrics', async () => {
    const { page } = await scrape();
    expect(page.split('\n').filter((line) => madeUp.test(line))).toEqual([]);
  });

  it('leaves the number of series under a fixed bound', async () => {
    const { page, tookMs } = await scrape();
    const { length } = parseSamples(page);
    process.stdout.write(
      `${asked} made-up names: ${length} series, ${page.length} bytes, scraped in ${tookMs.toFixed(1)} ms\n`,
    );
    expect(length).toBeLessThan(maxSeries);
  });
});
