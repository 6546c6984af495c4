import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { measuredUpTo } from '../../support/measured-up-to.ts';
import type { Show, Step } from '../runner/suite.ts';
import { awaitUntil } from '../stack/await-until.ts';
import { mustRun } from '../stack/run-command.ts';
import { workloads } from '../walkthrough/world.ts';
import { chartAccountName, replicaNames, type ChartWorld } from './chart-world.ts';
import { isTrustedServer } from './trusted-server.ts';

const maxStartMs = 2_000;
const istiodTls = 'istiod-tls';

/** What a user has after `helm install`: istio-ra with its own certificate, and roots for its clients. */
export function installationSteps(chart: ChartWorld): Step[] {
  const startsMs: number[] = [];
  return [
    {
      name: 'the API server takes everything that the chart renders',
      foundation: true,
      run: async (show) => {
        await chart.writeMeshConfig(chart.meshConfig());
        const objects = await chart.install();
        show(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', '));
      },
    },
    {
      name: 'three replicas start as the Deployment says',
      foundation: true,
      run: async (show) => {
        startsMs.push(...(await start(chart, show)));
      },
    },
    {
      name: `one of them is ready in ${maxStartMs / 1000} s, with its certificate from the CSR API`,
      run: async (show) => {
        const what = 'from the start to ready';
        const limit = { what, unit: 'ms', bound: { atMost: maxStartMs }, say: show } as const;
        const measured = startsMs.values();
        const next = (): number => measured.next().value ?? NaN;
        const { holds, report } = await measuredUpTo(startsMs.length, limit, next);
        assert.ok(holds, report);
      },
    },
    {
      name: 'a client that trusts the ConfigMap of its own namespace alone gets its certificate',
      run: (show) => serve(chart, show),
    },
    {
      name: 'the Secret for an istiod beside is there, and openssl verifies it with its own ca.crt',
      run: (show) => verifyIstiodTls(chart, show),
    },
    {
      name: 'nothing that it called was forbidden to it',
      run: (show) => {
        const calls = chart.world.audit.callsBy(chartAccountName, 0);
        const refused = calls.filter(({ responseStatus }) => responseStatus?.code === 403);
        assert.deepEqual(refused, []);
        show(`${calls.length} calls by ${chartAccountName}`);
        return Promise.resolve();
      },
    },
  ];
}

/** Returns how long each took, in milliseconds. */
async function start(chart: ChartWorld, show: Show): Promise<readonly number[]> {
  const tookMs: number[] = [];
  for (const name of replicaNames) {
    const before = performance.now();
    await chart.startReplica(name);
    tookMs.push(Math.round(performance.now() - before));
  }
  show(`ready after ${tookMs.join(', ')} ms`);
  return tookMs;
}

async function serve(chart: ChartWorld, show: Show): Promise<void> {
  for (const workload of workloads) {
    const rootFile = await chart.rootFileFor(workload.namespace, () => true);
    const report = await chart.request(workload, rootFile);
    assert.equal(report.code, 'OK', report.message);
    show(`${workload.account}.${workload.namespace}: issuer ${report.leaf?.issuer ?? ''}`);
  }
}

async function verifyIstiodTls(chart: ChartWorld, show: Show): Promise<void> {
  const args = ['secret', istiodTls, '--namespace=istio-system'];
  const { type, data } = await awaitUntil(
    () => chart.kubectl.get<{ type: string; data: Record<string, string> }>(...args),
    { what: `the Secret ${istiodTls} is there`, timeoutMs: 20_000 },
  );
  assert.equal(type, 'kubernetes.io/tls');
  const file = (key: string): string => {
    const path = chart.path(`${istiodTls}-${key}`);
    writeFileSync(path, Buffer.from(data[key] ?? '', 'base64'), { mode: 0o600 });
    return path;
  };
  const [certificate, roots, key] = [file('tls.crt'), file('ca.crt'), file('tls.key')];
  const trust = ['-no-CApath', '-CAfile', roots, '-untrusted', certificate];
  const name = ['-purpose', 'sslserver', '-verify_hostname', 'istiod.istio-system.svc'];
  await mustRun('openssl', ['verify', ...trust, ...name, certificate]);
  const certified = await mustRun('openssl', ['x509', '-in', certificate, '-noout', '-pubkey']);
  assert.equal(certified, await mustRun('openssl', ['pkey', '-in', key, '-pubout']));
  const serverName = 'istiod.istio-system.svc';
  const { address } = chart.replica();
  assert.ok(await isTrustedServer({ address, serverName, rootFile: roots }), 'and istio-ra too');
  show(`${serverName} verified, its key is the Secret's; the same roots verify istio-ra`);
}
