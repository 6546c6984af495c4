import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Show, Step } from '../e2e/runner/suite.ts';
import { runLoad } from '../e2e/stack/agent.ts';
import { countCalls } from '../e2e/stack/audit-log.ts';
import { awaitUntil } from '../e2e/stack/await-until.ts';
import type { IstioRa } from '../e2e/stack/istio-ra.ts';
import { accountName } from '../e2e/walkthrough/world.ts';
import { measuredUpTo } from '../support/measured-up-to.ts';
import { allTenants, assertServed, clientOf } from './chaos-clients.ts';
import type { ChaosWorld } from './chaos-world.ts';

const maxSeconds = 5;
const maxCallsPerSecond = 20;
const apiCalls = 'istio_ra_kubernetes_calls_total';

/** The API server away for a while: no crash, few calls meanwhile, issuing soon after its return. */
export function outageStep(chaos: ChaosWorld, { awayMs }: { readonly awayMs: number }): Step {
  return {
    name: `the API server away for ${awayMs / 1000} s: no crash, and it issues within ${maxSeconds} s of its return`,
    run: async (show) => {
      const { world } = chaos;
      const ra = await chaos.startRa('outage');
      try {
        const few = { ...clientOf(chaos, ra.address), ...allTenants(chaos), callers: 4, total: 20 };
        assertServed(await runLoad(world.tools.agentlike, few));
        const limit = {
          ...({ what: 'first approval after its return', unit: 's', say: show } as const),
          bound: { atMost: maxSeconds },
        };
        const { holds, report } = await measuredUpTo(3, limit, () =>
          secondsToApproval(chaos, ra, { awayMs, show }),
        );
        assert.ok(holds, report);
      } finally {
        await ra.stop();
      }
      await world.awaitNothingLeft(120_000);
    },
  };
}

/** One outage, with clients that go on asking. */
async function secondsToApproval(
  chaos: ChaosWorld,
  ra: IstioRa,
  { awayMs, show }: { readonly awayMs: number; readonly show: Show },
): Promise<number> {
  const { world } = chaos;
  const ending = new AbortController();
  await world.controlPlane.stopApiServer();
  // cert-manager would look for the API server as seldom as once a minute by now: that is not ours.
  await world.certManager.stopSigners();
  const [before, left] = [await ra.metric(apiCalls), performance.now()];
  const demand = runLoad(
    world.tools.agentlike,
    { ...clientOf(chaos, ra.address), ...allTenants(chaos), callers: 20, durationMs: awayMs },
    ending.signal,
  ).catch(() => undefined);
  await sleep(awayMs);
  assert.ok(ra.isRunning, 'it still runs');
  assert.equal((await ra.page('/healthz')).status, 200);
  const calls = (await ra.metric(apiCalls)) - before;
  const perSecond = calls / ((performance.now() - left) / 1000);
  show(`${perSecond.toFixed(1)} calls/s while it was away`);
  assert.ok(perSecond <= maxCallsPerSecond, `at most ${maxCallsPerSecond} calls/s`);
  const mark = world.audit.mark();
  await world.controlPlane.startApiServer();
  const back = performance.now();
  await awaitUntil(() => Promise.resolve(approvals(chaos, mark) > 0), {
    what: 'a request is approved again',
    timeoutMs: 30_000,
    intervalMs: 20,
  });
  const seconds = (performance.now() - back) / 1000;
  world.certManager.startSigners();
  await firstIssued(chaos, ra.address);
  show(`first certificate ${((performance.now() - back) / 1000).toFixed(1)} s after its return`);
  await demand;
  return seconds;
}

function approvals({ world }: ChaosWorld, mark: number): number {
  const counts = countCalls(world.audit.callsBy(accountName, mark));
  return counts.get('update certificatesigningrequests/approval') ?? 0;
}

async function firstIssued(chaos: ChaosWorld, address: string): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    const report = await runLoad(chaos.world.tools.agentlike, {
      ...{ ...clientOf(chaos, address), ...allTenants(chaos) },
      ...{ callers: 1, total: 1, retries: false },
    });
    if (report.ok === 1) return;
    assert.ok(performance.now() < end, JSON.stringify(report.messages));
  }
}
