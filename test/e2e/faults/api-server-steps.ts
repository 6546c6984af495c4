import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { secondsSince, type Step } from '../runner/suite.ts';
import { awaitUntil } from '../stack/await-until.ts';
import { assertAllServed, describeLoad, type FaultWorld } from './fault-world.ts';

/** Faults of the API server, its store and the way to it. */
export function apiServerSteps(faults: FaultWorld): Step[] {
  return [
    {
      name: 'API server killed and started again in the middle of 100 issuances: all are served',
      run: async (show) => {
        const { world } = faults;
        const loading = faults.load({ ra: world.ra, callers: 20, total: 100 });
        await faults.awaitDecisions(world.ra, 20);
        const start = performance.now();
        await world.controlPlane.restartApiServer({ signal: 'SIGKILL', downMs: 500 });
        show(`killed, and ready again after ${secondsSince(start)} s`);
        const report = await loading;
        show(describeLoad(report));
        assertAllServed(report);
        await faults.assertWell();
      },
    },
    {
      name: 'etcd paused for 5 s in the middle of 100 issuances: all are served',
      run: async (show) => {
        const { world } = faults;
        const loading = faults.load({ ra: world.ra, callers: 10, total: 100 });
        await faults.awaitDecisions(world.ra, 10);
        await world.controlPlane.pauseEtcd(5_000);
        const report = await loading;
        show(describeLoad(report));
        assertAllServed(report);
        await faults.assertWell();
      },
    },
    watchCutByRestart(faults),
    {
      name: 'every connection to the API server reset five times during 100 issuances: all are served',
      run: async (show) => {
        const mark = faults.world.audit.mark();
        const loading = faults.load({ ra: faults.ra, callers: 10, total: 100 });
        let cut = 0;
        for (let round = 0; round < 5; round++) {
          await faults.awaitDecisions(faults.ra, 8);
          cut += faults.wire.cut();
        }
        const report = await loading;
        show(`${cut} connections reset, ${faults.watchesSince(mark)} watches opened`);
        show(describeLoad(report));
        assertAllServed(report);
        await faults.assertWell();
      },
    },
  ];
}

/**
 * `--min-request-timeout` ends only watches that name no end of their own, and ours name one: here it
 * is shown that a second of it does no harm. The restarts before and after it do cut the watch.
 */
function watchCutByRestart(faults: FaultWorld): Step {
  return {
    name: 'watch cut by restarts, and --min-request-timeout=1: it comes back, and stays',
    run: async (show) => {
      const { world } = faults;
      let mark = world.audit.mark();
      const flags = ['--min-request-timeout=1'];
      await world.controlPlane.restartApiServer({ signal: 'SIGTERM', flags });
      await settled(() => faults.watchesSince(mark));
      show(`${faults.watchesSince(mark)} watches opened after a restart by SIGTERM`);
      mark = world.audit.mark();
      await sleep(4_000);
      assert.equal(faults.watchesSince(mark), 0, 'no watch ends by --min-request-timeout');
      show('4 s with --min-request-timeout=1: no watch ended, ours ask for four to five minutes');
      await faults.assertWell();
      await world.controlPlane.restartApiServer();
      await faults.assertWell();
      show('killed and started again without it: both issue');
    },
  };
}

/** Waits until both have a watch again, and no further one is opened for two seconds. */
async function settled(opened: () => number): Promise<void> {
  let seen = 0;
  let since = performance.now();
  await awaitUntil(
    () => {
      if (opened() !== seen) since = performance.now();
      seen = opened();
      return Promise.resolve(seen >= 2 && performance.now() - since > 2_000);
    },
    { what: 'both have opened their watch again', timeoutMs: 30_000, intervalMs: 100 },
  );
}
