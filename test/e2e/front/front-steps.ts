import assert from 'node:assert/strict';
import { isShort } from '../runner/is-short.ts';
import { secondsSince, type Show, type Step } from '../runner/suite.ts';
import type { LoadReport } from '../stack/agent.ts';
import type { FrontWorld } from './front-world.ts';
import { measureStreams, type StreamReport } from './stream-clients.ts';

const streams = 200;
const megabyte = 1_048_576;

/** istio-ra under istiod's name: certificates are its own, everything else goes to istiod. */
export function frontSteps(front: FrontWorld): Step[] {
  return [
    {
      name: 'an istiod, and an istio-ra in front of it under its name',
      foundation: true,
      run: () => front.start(),
    },
    {
      name: `${streams} clients hold a long stream each through istio-ra`,
      foundation: true,
      run: async (show) => {
        const before = memory(front);
        front.beginStreams(streams);
        const report = await front.clients.awaitAll();
        assert.deepEqual(report.endsByCode, {});
        show(`${report.acks} pushes acknowledged; ${before} before, ${memory(front)} after`);
      },
    },
    {
      name: 'certificates are issued beside them, under the same address',
      run: async (show) => {
        showIssued(await front.certificates({ total: 100 }), show);
        assert.deepEqual(front.clients.report().endsByCode, {});
      },
    },
    {
      name: 'istiod is away and comes back: streams follow it, certificates never fail',
      run: (show) => restartIstiod(front, show),
    },
    {
      name: 'istio-ra is restarted: streams end in order and come back, and so do certificates',
      run: (show) => restartRa(front, show),
    },
    // It only tells figures: nothing fails by them.
    ...(isShort
      ? []
      : [{ name: 'what passing on costs', run: (show: Show) => measure(front, show) }]),
  ];
}

async function restartIstiod(front: FrontWorld, show: Show): Promise<void> {
  const before = front.clients.report();
  const certificates = front.certificates({ durationMs: 8_000, rate: 10 });
  await front.stopIstiod();
  await awaitEnds(front, before);
  await front.startIstiod();
  const start = performance.now();
  const after = await front.clients.awaitAll(
    ({ streams: total }) => total >= before.streams + streams,
  );
  show(`all ${streams} streams were back ${secondsSince(start)} s after istiod`);
  showEnds(before, after, show);
  showIssued(await certificates, show);
}

async function restartRa(front: FrontWorld, show: Show): Promise<void> {
  const before = front.clients.report();
  const leaving = performance.now();
  assert.equal(await front.ra.stop(), 0);
  show(`istio-ra was gone after ${secondsSince(leaving)} s`);
  await front.startRa();
  const start = performance.now();
  const after = await front.clients.awaitAll(
    ({ streams: total }) => total >= before.streams + streams,
  );
  show(`all ${streams} streams were back ${secondsSince(start)} s after it was ready`);
  showEnds(before, after, show);
  showIssued(await front.certificates({ total: 50 }), show);
}

/** Resident memory of istio-ra, where it can be told. */
function memory(front: FrontWorld): string {
  return process.platform === 'linux' ? `${front.ra.residentMiB()} MiB` : 'unknown memory';
}

/** Every stream that is there now ends. */
async function awaitEnds(front: FrontWorld, before: StreamReport): Promise<void> {
  const wanted = countEnds(before) + streams;
  while (countEnds(front.clients.report()) < wanted) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function countEnds({ endsByCode }: StreamReport): number {
  return Object.values(endsByCode).reduce((sum, count) => sum + count, 0);
}

/**
 * A server that is going ends a stream with OK or Unavailable, as it gets to it; the client comes again
 * after either. Any other code would be a surprise.
 */
function showEnds(before: StreamReport, after: StreamReport, show: Show): void {
  const surprises = Object.keys(after.endsByCode).filter(
    (code) => code !== 'Unavailable' && code !== 'OK',
  );
  assert.deepEqual(surprises, []);
  const ends = countEnds(after) - countEnds(before);
  show(
    `${ends} ends: ${JSON.stringify(after.endsByCode)}, such as ${after.oneMessageForEach['Unavailable'] ?? ''}`,
  );
}

function showIssued(report: LoadReport, show: Show): void {
  assert.equal(report.ok, report.requests, JSON.stringify(report));
  show(`${report.ok} of ${report.requests} certificates, ${report.okMs?.p99 ?? 0} ms at p99`);
}

/** As fast as istiod can push, with and without us between. */
async function measure(front: FrontWorld, show: Show): Promise<void> {
  await front.clients.stop();
  await front.stopIstiod();
  await front.startIstiod('--endless', `--payload=${megabyte}`);
  // istiod went just as everybody left, so what is found now may be a connection that is none. One
  // client finds out: two hundred that nobody holds back would keep both cores from everybody else.
  front.beginStreams(1);
  await front.clients.awaitAll();
  await front.clients.stop();
  for (const count of [1, 8, 40]) {
    const direct = await measureStreams({ ...front.direct(count), seconds: 4 });
    const through = await measureStreams({ ...front.through(count), seconds: 4 });
    const rates = [direct, through].map(({ megabytesASecond }) => megabytesASecond.toFixed(0));
    show(`${count} streams of 1 MiB pushes: ${rates.join(' MB/s direct, ')} MB/s through istio-ra`);
    assert.ok(through.acks > 0, `no push came through: ${JSON.stringify(through)}`);
    show(`istio-ra then holds ${memory(front)}`);
  }
}
