import assert from 'node:assert/strict';
import type { Show, Step } from '../runner/suite.ts';
import { secondsSince } from '../runner/suite.ts';
import type { LoadReport } from '../stack/agent.ts';
import { awaitUntil } from '../stack/await-until.ts';
import type { Manifest } from '../stack/kubectl.ts';
import { gateway } from '../walkthrough/world.ts';
import { chartServerName, type ChartWorld } from './chart-world.ts';
import { isTrustedServer } from './trusted-server.ts';

const signer = 'istio-system';
const nextRoot = 'istio-system-next-root';
/** Over two replicas. */
const requestsASecond = 20;

/**
 * The control plane's CA gets another root, by the order that docs/walkthrough.md gives: both roots under the
 * signer, the issuer, the old root out. Certificates are asked for all the while.
 */
export function rotationSteps(chart: ChartWorld): Step[] {
  return [
    {
      name: `the root of the control plane changes under ${requestsASecond} requests a second, and none fails`,
      run: (show) => rotate(chart, show),
    },
  ];
}

async function rotate(chart: ChartWorld, show: Show): Promise<void> {
  const old = await rootIn(chart, `${signer}-root`);
  await makeNextRoot(chart);
  const next = await rootIn(chart, nextRoot);
  const hasBoth = (roots: string): boolean => certificates(roots) === 2;

  const withOld = await chart.rootFileFor('foo', (roots) => certificates(roots) === 1);
  const first = await underLoad(chart, withOld, async () => {
    await chart.writeMeshConfig(meshWith(chart, old, [old, next]));
    await chart.rootFileFor('bar', hasBoth);
    await useIssuer(chart, nextRoot);
    const report = await chart.request(gateway, withOld);
    assert.equal(report.code, 'OK', report.message);
    show(`issuer changed; the gateway's certificate: ${report.leaf?.issuer ?? ''}`);
  });
  show(`both roots known, then the issuer changed: ${describe(first)}`);

  const withBoth = await chart.rootFileFor('foo', hasBoth);
  const second = await underLoad(chart, withBoth, async () => {
    const start = performance.now();
    await chart.writeMeshConfig(meshWith(chart, old, [next]));
    const withNext = await chart.rootFileFor('bar', (roots) => certificates(roots) === 1);
    await Promise.all([...chart.replicas.values()].map((ra) => trusted(ra.address, withNext)));
    show(`old root gone; all replicas had another certificate ${secondsSince(start)} s later`);
  });
  show(`the old root left: ${describe(second)}`);

  const withNext = await chart.rootFileFor('foo', (roots) => certificates(roots) === 1);
  const report = await chart.request({ namespace: 'foo', account: 'httpbin' }, withNext);
  assert.equal(report.code, 'OK', report.message);
}

async function trusted(address: string, rootFile: string): Promise<true> {
  return awaitUntil(() => isTrusted(address, rootFile), {
    what: `${address} proves itself under the new root`,
    timeoutMs: 30_000,
  });
}

async function isTrusted(address: string, rootFile: string): Promise<true | undefined> {
  const options = { address, rootFile, serverName: chartServerName };
  return (await isTrustedServer(options)) ? true : undefined;
}

/** Two replicas are asked while `work` goes on, and two seconds longer; throws where a request failed. */
async function underLoad(
  chart: ChartWorld,
  rootFile: string,
  work: () => Promise<void>,
): Promise<readonly LoadReport[]> {
  const parts: LoadReport[] = [];
  const over = new AbortController();
  const asked = [...chart.replicas.values()].slice(0, 2).map(async (ra) => {
    while (!over.signal.aborted) {
      parts.push(await chart.load(ra, rootFile, { durationMs: 2_000, rate: requestsASecond / 2 }));
    }
  });
  try {
    await work();
  } finally {
    over.abort();
    await Promise.all(asked);
  }
  for (const part of parts) assert.equal(part.ok, part.requests, JSON.stringify(part));
  return parts;
}

function describe(reports: readonly LoadReport[]): string {
  const ok = reports.reduce((sum, report) => sum + report.ok, 0);
  const slowest = Math.max(...reports.map(({ okMs }) => okMs?.max ?? 0));
  return `${ok} certificates, none refused, slowest ${Math.round(slowest)} ms`;
}

/** The mesh config with other roots in the place of one. */
function meshWith(chart: ChartWorld, old: string, roots: readonly string[]): string {
  const indented = (pem: string): string => pem.trim().replace(/^/gm, '      ');
  const mesh = chart.meshConfig();
  const found = indented(old);
  assert.ok(mesh.includes(found), 'the mesh config names the root');
  return mesh.replace(found, roots.map(indented).join('\n'));
}

function certificates(pem: string): number {
  return pem.split('-----BEGIN CERTIFICATE-----').length - 1;
}

async function makeNextRoot({ kubectl }: ChartWorld): Promise<void> {
  const namespace = 'cert-manager';
  const certificate: Manifest = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name: nextRoot, namespace },
    spec: {
      isCA: true,
      commonName: nextRoot,
      secretName: nextRoot,
      duration: '87600h',
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Never' },
      issuerRef: { group: 'cert-manager.io', kind: 'ClusterIssuer', name: 'self-signed' },
    },
  };
  await kubectl.apply([certificate]);
  const ready = ['--for=condition=Ready', '--timeout=60s'];
  await kubectl.run('wait', ...ready, `--namespace=${namespace}`, `certificate/${nextRoot}`);
}

async function rootIn({ kubectl }: ChartWorld, secret: string): Promise<string> {
  const args = ['get', 'secret', secret, '--namespace=cert-manager'];
  const data = await kubectl.run(...args, '-o', 'jsonpath={.data.tls\\.crt}');
  return Buffer.from(data, 'base64').toString();
}

async function useIssuer({ kubectl }: ChartWorld, secretName: string): Promise<void> {
  await kubectl.apply([
    {
      apiVersion: 'cert-manager.io/v1',
      kind: 'ClusterIssuer',
      metadata: { name: signer },
      spec: { ca: { secretName } },
    },
  ]);
  const ready = ['--for=condition=Ready', '--timeout=60s'];
  await kubectl.run('wait', ...ready, `clusterissuer/${signer}`);
}
