import assert from 'node:assert/strict';
import type { Show, Step } from '../runner/suite.ts';
import { secondsSince } from '../runner/suite.ts';
import { countCalls } from '../stack/audit-log.ts';
import { awaitUntil } from '../stack/await-until.ts';
import type { Manifest } from '../stack/kubectl.ts';
import { chartAccountName, rootsName, type ChartWorld } from './chart-world.ts';

const isLong = process.env['E2E_LONG'] === '1';
const manyNamespaces = isLong ? 5_000 : 500;
/** As many as kubectl creates without pausing. */
const chunk = 250;
const prefix = 'many-';
const correctedWithinMs = 15_000;

/** One of the replicas writes for all: it is one, it is replaced, and it is fast enough for a large mesh. */
export function leaderSteps(chart: ChartWorld): Step[] {
  return [
    {
      name: 'one replica leads; it is killed, and another corrects a deleted ConfigMap within 15 s',
      run: (show) => killLeader(chart, show),
    },
    {
      name: `${manyNamespaces} new namespaces have the roots within a minute`,
      run: (show) => fill(chart, show),
    },
  ];
}

async function killLeader(chart: ChartWorld, show: Show): Promise<void> {
  const first = await leaderOtherThan(chart, undefined);
  const victim = chart.replicas.get(first);
  assert.ok(victim, `${first} runs`);
  process.kill(victim.pid, 'SIGKILL');
  const start = performance.now();
  await chart.kubectl.run('delete', 'configmap', rootsName, '--namespace=bar');
  await awaitUntil(() => chart.rootsIn('bar'), {
    what: `the ConfigMap in bar is back`,
    timeoutMs: correctedWithinMs,
  });
  const correctedAfter = secondsSince(start);
  const next = await leaderOtherThan(chart, first);
  show(`${first} was killed; ${next} leads, and the ConfigMap was back after ${correctedAfter} s`);
  await chart.startReplica(first);
  assert.equal(await chart.leader(), next, 'who comes back follows');
}

/** A replica that leads by its Lease. */
async function leaderOtherThan(chart: ChartWorld, former: string | undefined): Promise<string> {
  return awaitUntil(
    async () => {
      const leader = await chart.leader();
      return [...chart.replicas.keys()].find((name) => name === leader && name !== former);
    },
    { what: 'a replica leads', timeoutMs: 20_000 },
  );
}

async function fill(chart: ChartWorld, show: Show): Promise<void> {
  const mark = chart.world.audit.mark();
  const start = performance.now();
  await createNamespaces(chart, manyNamespaces);
  const createdAfter = secondsSince(start);
  const created = performance.now();
  await awaitUntil(async () => (await served(chart)) === manyNamespaces, {
    what: `the roots are in ${manyNamespaces} namespaces`,
    timeoutMs: 60_000,
    intervalMs: 500,
  });
  const seconds = (performance.now() - start) / 1000;
  const counts = countCalls(chart.world.audit.callsBy(chartAccountName, mark));
  const patches = counts.get('patch configmaps') ?? 0;
  show(
    `${manyNamespaces} created in ${createdAfter} s, all served ${secondsSince(created)} s later`,
  );
  show(
    `${patches} writes, ${(patches / seconds).toFixed(0)} a second; all calls: ${describe(counts)}`,
  );
}

function describe(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([call, count]) => `${count} ${call}`).join(', ');
}

async function createNamespaces({ kubectl }: ChartWorld, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `${prefix}${at}`);
  for (let from = 0; from < names.length; from += chunk) {
    const part = names
      .slice(from, from + chunk)
      .map((name): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    await kubectl.create(part, '.metadata.name');
  }
}

/** How many of the new namespaces have the roots. */
async function served({ kubectl }: ChartWorld): Promise<number> {
  const which = ['--all-namespaces', `--field-selector=metadata.name=${rootsName}`];
  const columns = ['--no-headers', '-o', 'custom-columns=NAMESPACE:.metadata.namespace'];
  const namespaces = await kubectl.run('get', 'configmaps', ...which, ...columns);
  return namespaces.split('\n').filter((name) => name.startsWith(prefix)).length;
}
