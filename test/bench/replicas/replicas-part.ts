import type { BarResult } from '../bars.ts';
import type { Bench } from '../bench.ts';
import type { BenchPart } from '../bench-part.ts';
import type { MeasuredAuthority } from '../bench-world.ts';
import { measureAuthority } from '../measure.ts';
import { median } from '../quantile.ts';
import { measureReplicas, type ReplicasMeasurement } from './measure-replicas.ts';

const replicaCount = 3;
/** What each replica is to be asked for each second, where the machine can do three times that. */
const wantedPerSecond = 40;
/** What the cluster is asked for, as a share of what it can do: beyond, queues would be measured. */
const shareOfMost = 0.5;
const callers = 20;
const seconds = 20;
const rounds = 5;
/** The calls that a certificate is made of, and watches, which are opened anew every few minutes. */
const ownCalls = /^(\w+ certificatesigningrequests(\/approval)?|create tokenreviews|watch \S+)$/;

/** One replica at a fixed rate, against three at that rate each. */
export const replicasPart: BenchPart = {
  name: 'three replicas against one',
  run: async (bench) => {
    const names = Array.from({ length: replicaCount }, (_, at) => `replica-${at}`);
    const replicas: MeasuredAuthority[] = [];
    for (const name of names) replicas.push(await bench.startWarm(name));
    const rate = await reachableRate(bench, replicas);
    bench.say(`each replica is asked for ${rate} certificates a second`);
    const pairs: Pair[] = [];
    for (let round = 0; round < rounds; round += 1) {
      pairs.push(await measurePair(bench, replicas, { round, rate }));
    }
    for (const replica of replicas) await replica.stop();
    return {
      bars: replicaBars(rate, pairs),
      table: replicaTable(rate, pairs),
      figures: { rate, pairs },
    };
  },
};

interface Pair {
  readonly one: ReplicasMeasurement;
  readonly three: ReplicasMeasurement;
}

/** Half of what one replica can do as fast as it is answered, in three parts. */
async function reachableRate(
  { world, say }: Bench,
  [replica]: readonly MeasuredAuthority[],
): Promise<number> {
  if (replica === undefined) throw new Error('there is no replica');
  const load = { callers: 50, durationMs: 10_000 };
  const { certificates, goneMs } = await measureAuthority(world, replica, {
    load,
    callers: 'own-tokens',
  });
  const max = (certificates / goneMs) * 1000;
  say(`one replica at 50 callers: ${max.toFixed(0)}/s`);
  const reachable = Math.floor((max * shareOfMost) / replicaCount);
  return Math.max(1, Math.min(wantedPerSecond, reachable));
}

/** Both, the other one first in every other round; each replica is the one in its turn. */
async function measurePair(
  { world, say }: Bench,
  replicas: readonly MeasuredAuthority[],
  { round, rate }: { readonly round: number; readonly rate: number },
): Promise<Pair> {
  // A total, so that no more keys are made beforehand than are used: replicas idle meanwhile.
  const load = { callers, total: rate * seconds, rate };
  const at = round % replicas.length;
  const alone = (): Promise<ReplicasMeasurement> =>
    measureReplicas(world, replicas.slice(at, at + 1), load);
  const together = (): Promise<ReplicasMeasurement> => measureReplicas(world, replicas, load);
  const first = round % 2 === 0 ? await alone() : await together();
  const second = round % 2 === 0 ? await together() : await alone();
  const pair = round % 2 === 0 ? { one: first, three: second } : { one: second, three: first };
  const told = [pair.one, pair.three].map((measured) => mean(measured, 'cpuMs').toFixed(2));
  say(`one replica: ${told[0] ?? ''} ms of CPU per certificate; three: ${told[1] ?? ''} ms`);
  return pair;
}

function mean(
  { replicas }: ReplicasMeasurement,
  key: 'cpuMs' | 'watchEvents' | 'perSecond',
): number {
  return replicas.reduce((sum, replica) => sum + replica[key], 0) / replicas.length;
}

function replicaBars(rate: number, pairs: readonly Pair[]): readonly BarResult[] {
  const ratioOf = (key: 'cpuMs' | 'watchEvents'): number =>
    median(pairs.map(({ one, three }) => mean(three, key) / mean(one, key)));
  const all = pairs.flatMap(({ one, three }) => [one, three]);
  const shared = all.flatMap(({ calls }) =>
    Object.entries(calls).flatMap(([call, count]) => (ownCalls.test(call) ? [] : [count])),
  );
  const name = `three replicas against one, ${rate}/s each`;
  const common = { atLeast: false, isRatio: true };
  return [
    { bar: `${name}: CPU per certificate`, measured: ratioOf('cpuMs'), wanted: 1.05, ...common },
    {
      bar: `${name}: watch events per certificate of its own`,
      measured: ratioOf('watchEvents'),
      wanted: 1.05,
      ...common,
    },
    {
      bar: `${name}: calls per certificate on leases, ConfigMaps or anything else that is shared`,
      measured: Math.max(0, ...shared),
      wanted: 0,
      ...common,
    },
    {
      bar: `${name}: share of the rate that was reached`,
      measured: Math.min(...all.map((measured) => mean(measured, 'perSecond') / rate)),
      wanted: 0.95,
      ...{ atLeast: true, isRatio: true },
    },
  ];
}

function replicaTable(rate: number, pairs: readonly Pair[]): string {
  const row = (name: string, of: (pair: Pair) => ReplicasMeasurement): string => {
    const measured = pairs.map(of);
    const figure = (key: 'cpuMs' | 'watchEvents' | 'perSecond'): string =>
      median(measured.map((one) => mean(one, key))).toFixed(2);
    const cells = [name, figure('perSecond'), figure('cpuMs'), figure('watchEvents')];
    return `| ${[...cells, callsOf(measured)].join(' | ')} |`;
  };
  return [
    `| at ${rate}/s each | certificates/s of each | CPU ms | watch events | calls per certificate |`,
    '| --- | --- | --- | --- | --- |',
    row('one replica', ({ one }) => one),
    row('three replicas', ({ three }) => three),
  ].join('\n');
}

/** The median of each call, the most frequent first. */
function callsOf(measured: readonly ReplicasMeasurement[]): string {
  const names = new Set(measured.flatMap(({ calls }) => Object.keys(calls)));
  const medians = [...names].map(
    (name) => [name, median(measured.map(({ calls }) => calls[name] ?? 0))] as const,
  );
  return medians
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} ${count.toFixed(3)}`)
    .join(', ');
}
