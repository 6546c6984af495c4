import assert from 'node:assert/strict';
import { measuredUpTo } from '../../support/measured-up-to.ts';
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
const correctedWithin = 15;
const servedWithin = 60;
/** For a step that measures three times, and waits each time longer than it should have to. */
const maxMs = 600_000;

/** One of the replicas writes for all: it is one, it is replaced, and it is fast enough for a large mesh. */
export function leaderSteps(chart: ChartWorld): Step[] {
  return [
    {
      name: 'one replica leads; it is killed, and another corrects a deleted ConfigMap within 15 s',
      maxMs,
      run: async (show) => {
        const what = 'until the ConfigMap was back';
        const limit = { what, unit: 's', bound: { atMost: correctedWithin }, say: show } as const;
        const { holds, report } = await measuredUpTo(3, limit, () => killLeader(chart, show));
        assert.ok(holds, report);
      },
    },
    {
      name: `${manyNamespaces} new namespaces have the roots within a minute`,
      maxMs,
      run: async (show) => {
        const what = 'until all were served';
        const limit = { what, unit: 's', bound: { atMost: servedWithin }, say: show } as const;
        let round = 0;
        const { holds, report } = await measuredUpTo(3, limit, () => {
          round += 1;
          return fill(chart, `many-${round}-`, show);
        });
        assert.ok(holds, report);
      },
    },
  ];
}

/** Returns after how many seconds what the killed leader would have corrected was corrected. */
async function killLeader(chart: ChartWorld, show: Show): Promise<number> {
  const first = await leaderOtherThan(chart, undefined);
  const victim = chart.replicas.get(first);
  assert.ok(victim, `${first} runs`);
  process.kill(victim.pid, 'SIGKILL');
  const start = performance.now();
  await chart.kubectl.run('delete', 'configmap', rootsName, '--namespace=bar');
  await awaitUntil(() => chart.rootsIn('bar'), {
    what: `the ConfigMap in bar is back`,
    timeoutMs: 3 * correctedWithin * 1000,
  });
  const seconds = (performance.now() - start) / 1000;
  const next = await leaderOtherThan(chart, first);
  show(`${first} was killed; ${next} leads`);
  await chart.startReplica(first);
  assert.equal(await chart.leader(), next, 'who comes back follows');
  return seconds;
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

/** Returns after how many seconds all new namespaces had the roots. */
async function fill(chart: ChartWorld, prefix: string, show: Show): Promise<number> {
  const mark = chart.world.audit.mark();
  const start = performance.now();
  await createNamespaces(chart, prefix);
  const createdAfter = secondsSince(start);
  const created = performance.now();
  await awaitUntil(async () => (await served(chart, prefix)) === manyNamespaces, {
    what: `the roots are in ${manyNamespaces} namespaces`,
    timeoutMs: 3 * servedWithin * 1000,
    intervalMs: 500,
  });
  const seconds = (performance.now() - start) / 1000;
  const servedAfter = (performance.now() - created) / 1000;
  const counts = countCalls(chart.world.audit.callsBy(chartAccountName, mark));
  const patches = counts.get('patch configmaps') ?? 0;
  show(
    `${manyNamespaces} created in ${createdAfter} s, all served ${servedAfter.toFixed(1)} s later`,
  );
  show(
    `${patches} writes, ${(patches / seconds).toFixed(0)} a second; all calls: ${describe(counts)}`,
  );
  return servedAfter;
}

function describe(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([call, count]) => `${count} ${call}`).join(', ');
}

async function createNamespaces({ kubectl }: ChartWorld, prefix: string): Promise<void> {
  const names = Array.from({ length: manyNamespaces }, (_, at) => `${prefix}${at}`);
  for (let from = 0; from < names.length; from += chunk) {
    const part = names
      .slice(from, from + chunk)
      .map((name): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    await kubectl.create(part, '.metadata.name');
  }
}

/** How many of the new namespaces have the roots. */
async function served({ kubectl }: ChartWorld, prefix: string): Promise<number> {
  const which = ['--all-namespaces', `--field-selector=metadata.name=${rootsName}`];
  const columns = ['--no-headers', '-o', 'custom-columns=NAMESPACE:.metadata.namespace'];
  const namespaces = await kubectl.run('get', 'configmaps', ...which, ...columns);
  return namespaces.split('\n').filter((name) => name.startsWith(prefix)).length;
}
