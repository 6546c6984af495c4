import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../e2e/stack/agent.ts';
import { awaitUntil } from '../e2e/stack/await-until.ts';
import { describeLoad } from '../e2e/faults/fault-world.ts';
import type { IstioRa } from '../e2e/stack/istio-ra.ts';
import { residentMiB } from '../e2e/stack/process-usage.ts';
import { secondsSince, type Show, type Step } from '../e2e/runner/suite.ts';
import { openIdle } from './attacks/idle-connection.ts';
import type { Target } from './attacks/raw-connection.ts';
import { allTenants, assertServed, clientOf } from './chaos-clients.ts';
import type { ChaosWorld } from './chaos-world.ts';

/** An idle connection may cost so much; docs/reliability.md says the same. */
const maxKiBEach = 110;
/** Files and connections of a process besides those of the step. */
const otherDescriptors = 500;
const openingAtOnce = 100;
/** After two minutes; grpc-js gives two more where its timer is a millisecond early. */
const closedWithinMs = 270_000;
const connectionsMetric = 'istio_ra_grpc_connections';

export interface IdleSteps {
  /** They are opened, and what they cost is measured. */
  readonly open: Step;
  /** They are closed in time, which takes minutes: other steps may stand between the two. */
  readonly closed: Step;
}

/** Clients that connect and then have nothing to say, as all agents of a mesh may. */
export function idleSteps(chaos: ChaosWorld, { count }: { readonly count: number }): IdleSteps {
  const over = new AbortController();
  let idle: { readonly ra: IstioRa; readonly since: number } | undefined;
  return {
    open: {
      name: `${count} idle connections: a bounded size, and others are served`,
      run: async (show) => {
        const ra = await chaos.startRa('idle');
        try {
          await openAndMeasure(chaos, ra, { count, show, signal: over.signal });
          idle = { ra, since: performance.now() };
        } catch (error) {
          over.abort();
          await ra.stop();
          throw error;
        }
      },
    },
    closed: {
      name: `those ${count} idle connections are closed in time`,
      run: async (show) => {
        assert.ok(idle, 'no idle connections were opened: choose that step too');
        try {
          await awaitClosed(idle.ra, { since: idle.since, show });
        } finally {
          over.abort();
          await idle.ra.stop();
        }
      },
    },
  };
}

async function openAndMeasure(
  chaos: ChaosWorld,
  ra: IstioRa,
  options: { readonly count: number; readonly show: Show; readonly signal: AbortSignal },
): Promise<void> {
  const { count, show, signal } = options;
  assertDescriptors(ra.pid, count);
  show(`served beside none: ${await goodLoad(chaos, ra)}`);
  const before = residentMiB(ra.pid).now;
  const opened = await openMany(targetOf(chaos, ra), count, signal);
  const there = await ra.metric(connectionsMetric);
  const { now } = residentMiB(ra.pid);
  const each = ((now - before) * 1_024) / count;
  show(`${opened} opened in all, ${there} of them open at once`);
  show(
    `resident memory ${before.toFixed(0)} MiB before, ${now.toFixed(0)} MiB with them: ${each.toFixed(0)} KiB each`,
  );
  assert.ok(there >= count, `all ${count} are open at once`);
  show(`served beside them: ${await goodLoad(chaos, ra)}`);
  assert.ok(each < maxKiBEach, `an idle connection costs less than ${maxKiBEach} KiB`);
}

async function awaitClosed(
  ra: IstioRa,
  { since, show }: { readonly since: number; readonly show: Show },
): Promise<void> {
  let left = NaN;
  const timeoutMs = Math.max(0, closedWithinMs - (performance.now() - since));
  await awaitUntil(async () => (left = await ra.metric(connectionsMetric)) === 0, {
    ...{ what: 'idle connections are closed', timeoutMs },
  }).catch((cause: unknown) => {
    throw new Error(`${left} idle connections are still open`, { cause });
  });
  const seconds = secondsSince(since);
  await sleep(1_000);
  const { now, peak } = residentMiB(ra.pid);
  show(
    `none is open ${seconds} s later; ${now.toFixed(0)} MiB now, ${peak.toFixed(0)} MiB at most`,
  );
}

async function goodLoad(chaos: ChaosWorld, ra: IstioRa): Promise<string> {
  const report = await runLoad(chaos.world.tools.agentlike, {
    ...{ ...clientOf(chaos, ra.address), ...allTenants(chaos) },
    ...{ callers: 4, total: 20, newConnections: true },
  });
  assertServed(report);
  return `${describeLoad(report)}; p99 ${report.okMs?.p99 ?? NaN} ms`;
}

function targetOf(chaos: ChaosWorld, ra: IstioRa): Target {
  const { rootFile, serverName } = clientOf(chaos, ra.address);
  const rootPem = readFileSync(rootFile, 'utf8');
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
  const max = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  const needed = count + otherDescriptors;
  assert.ok(max >= needed, `needs ${needed} open files (ulimit -n), and ${max} are allowed`);
}
