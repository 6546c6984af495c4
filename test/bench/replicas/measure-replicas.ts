import { cpuMs } from '../../e2e/stack/process-usage.ts';
import type { BenchWorld, MeasuredAuthority } from '../bench-world.ts';
import { ask, awaitGone, type Load } from '../measure.ts';

const watchEvents = 'istio_ra_watch_events_total{resource="certificatesigningrequests"}';

/** What became of one replica's share; per certificate of its own. */
export interface ReplicaMeasurement {
  readonly certificates: number;
  readonly failures: number;
  readonly perSecond: number;
  readonly cpuMs: number;
  /** Events that its watch of requests brought. */
  readonly watchEvents: number;
}

export interface ReplicasMeasurement {
  readonly replicas: readonly ReplicaMeasurement[];
  /** Calls to the API server by all of them, per certificate. */
  readonly calls: Readonly<Record<string, number>>;
}

/** Lets each replica work under a load of its own, all at once, until the last object is gone. */
export async function measureReplicas(
  world: BenchWorld,
  replicas: readonly MeasuredAuthority[],
  load: Load,
): Promise<ReplicasMeasurement> {
  await awaitGone(world);
  const mark = world.mark();
  const before = await Promise.all(replicas.map(usageOf));
  const reports = await Promise.all(
    replicas.map((replica) => ask(world, replica, { load, callers: 'own-tokens' })),
  );
  await awaitGone(world);
  const after = await Promise.all(replicas.map(usageOf));
  const total = reports.reduce((sum, { ok }) => sum + ok, 0);
  const calls = [...world.calls(mark)].map(([call, count]) => [call, count / total] as const);
  return {
    replicas: reports.map(({ ok, requests, certsPerSecond }, at) => {
      const used = (key: 'cpuMs' | 'events'): number =>
        ((after[at]?.[key] ?? NaN) - (before[at]?.[key] ?? NaN)) / ok;
      return {
        ...{ certificates: ok, failures: requests - ok, perSecond: certsPerSecond },
        ...{ cpuMs: used('cpuMs'), watchEvents: used('events') },
      };
    }),
    calls: Object.fromEntries(calls),
  };
}

async function usageOf(
  replica: MeasuredAuthority,
): Promise<{ readonly cpuMs: number; readonly events: number }> {
  return { events: await replica.metric(watchEvents), cpuMs: cpuMs(replica.pid) };
}
