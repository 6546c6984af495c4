import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../e2e/stack/agent.ts';
import { awaitUntil } from '../e2e/stack/await-until.ts';
import { describeLoad } from '../e2e/faults/fault-world.ts';
import type { IstioRa } from '../e2e/stack/istio-ra.ts';
import { residentMiB } from '../e2e/stack/process-usage.ts';
import { secondsSince, type Step } from '../e2e/runner/suite.ts';
import { serverName } from '../e2e/walkthrough/world.ts';
import { openIdle } from './attacks/idle-connection.ts';
import type { Target } from './attacks/raw-connection.ts';
import type { ChaosWorld } from './chaos-world.ts';

/** An idle connection may cost so much; docs/reliability.md says the same. */
const mostKiBEach = 110;
/** Files and connections of a process besides those of the step. */
const otherDescriptors = 500;
const openingAtOnce = 100;
/** After two minutes; grpc-js gives two more where its timer is a millisecond early. */
const closedWithinMs = 270_000;
const connectionsMetric = 'istio_ra_grpc_connections';

/** Clients that connect and then have nothing to say, as all agents of a mesh may. */
export function idleSteps(chaos: ChaosWorld, { count }: { readonly count: number }): Step[] {
  return [
    {
      name: `${count} idle connections: a bounded size, others are served, and they are closed in time`,
      run: async (show) => {
        const ra = await chaos.startRa('idle');
        const over = new AbortController();
        try {
          assertDescriptors(ra.pid, count);
          show(`served beside none: ${await goodLoad(chaos, ra)}`);
          const before = residentMiB(ra.pid).now;
          const opened = await openMany(targetOf(chaos, ra), count, over.signal);
          const there = await ra.metric(connectionsMetric);
          const { now } = residentMiB(ra.pid);
          const each = ((now - before) * 1_024) / count;
          show(`${opened} opened in all, ${there} of them open at once`);
          show(
            `resident memory ${before.toFixed(0)} MiB before, ${now.toFixed(0)} MiB with them: ${each.toFixed(0)} KiB each`,
          );
          assert.ok(there >= count, `all ${count} are open at once`);
          show(`served beside them: ${await goodLoad(chaos, ra)}`);
          assert.ok(each < mostKiBEach, `an idle connection costs less than ${mostKiBEach} KiB`);
          const closing = performance.now();
          let left = there;
          await awaitUntil(async () => (left = await ra.metric(connectionsMetric)) === 0, {
            ...{ what: 'idle connections are closed', timeoutMs: closedWithinMs },
          }).catch((cause: unknown) => {
            throw new Error(`${left} idle connections are still open`, { cause });
          });
          await sleep(1_000);
          const { now: after, peak } = residentMiB(ra.pid);
          show(
            `all were closed ${secondsSince(closing)} s later; ${after.toFixed(0)} MiB now, ${peak.toFixed(0)} at most`,
          );
        } finally {
          over.abort();
          await ra.stop();
        }
      },
    },
  ];
}

async function goodLoad({ world }: ChaosWorld, ra: IstioRa): Promise<string> {
  const report = await runLoad(world.tools.agentlike, {
    ...{ address: ra.address, rootFile: world.rootFile('istio-system'), serverName },
    ...{ tokenDir: world.tenantTokens(), certSigner: '{namespace}', key: 'p256' },
    ...{ callers: 4, total: 20, newConnections: true },
  });
  assert.equal(report.ok, report.requests, JSON.stringify(report.messages));
  return `${describeLoad(report)}; p99 ${report.okMs?.p99 ?? NaN} ms`;
}

function targetOf({ world }: ChaosWorld, ra: IstioRa): Target {
  const rootPem = readFileSync(world.rootFile('istio-system'), 'utf8');
  return { port: Number(ra.address.split(':')[1]), rootPem, serverName, token: '' };
}

/** Returns how many connections it took until so many were open. */
async function openMany(target: Target, count: number, signal: AbortSignal): Promise<number> {
  let [missing, tried] = [count, 0];
  const openOnes = async (): Promise<void> => {
    while (missing > 0 && tried < 2 * count) {
      missing -= 1;
      tried += 1;
      if (!(await openIdle(target, signal))) missing += 1;
    }
  };
  await Promise.all(Array.from({ length: openingAtOnce }, openOnes));
  assert.equal(missing, 0, `${tried} attempts for ${count} connections`);
  return tried;
}

function assertDescriptors(pid: number, count: number): void {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
  const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  const needed = count + otherDescriptors;
  assert.ok(most >= needed, `needs ${needed} open files (ulimit -n), and ${most} are allowed`);
}
