import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../e2e/stack/agent.ts';
import { describeLoad } from '../e2e/faults/fault-world.ts';
import type { Step } from '../e2e/runner/suite.ts';
import { serverName } from '../e2e/walkthrough/world.ts';
import { Balancer } from './balancer.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { Replica } from './replica.ts';

const replicaCount = 3;
const requestsPerSecond = 30;
const killEveryMs = 10_000;
/** What the reaper promises after a SIGKILL. */
const orphansGoneMs = 120_000;

/** Replicas that come and go under load, behind one address. */
export function killSteps(
  chaos: ChaosWorld,
  { durationMs }: { readonly durationMs: number },
): Step[] {
  return [
    {
      name: `${replicaCount} replicas, one killed and one ended in order every ${killEveryMs / 1000} s, the API server restarted: no client fails`,
      run: async (show) => {
        const { world } = chaos;
        const start = (name: string): ReturnType<typeof world.startRa> => chaos.startRa(name);
        const replicas = Array.from(
          { length: replicaCount },
          (_, at) => new Replica(`chaos-${at}`, start),
        );
        await Promise.all(replicas.map((replica) => replica.start()));
        const balancer = await Balancer.open(() => replicas);
        try {
          const ending = new AbortController();
          const trouble = makeTrouble(chaos, replicas, ending.signal);
          const report = await runLoad(world.tools.agentlike, {
            address: balancer.address,
            rootFile: world.rootFile('istio-system'),
            serverName,
            tokenDir: world.tenantTokens(),
            certSigner: '{namespace}',
            key: 'p256',
            callers: 30,
            rate: requestsPerSecond,
            durationMs,
          });
          ending.abort();
          const { kills, terminations, restarts } = await trouble;
          show(
            `${kills} killed, ${terminations} ended in order, API server restarted ${restarts} time(s)`,
          );
          show(describeLoad(report));
          assert.equal(report.ok, report.requests, JSON.stringify(report.messages));
          const before = performance.now();
          await world.awaitNothingLeft(orphansGoneMs);
          show(`no object left ${((performance.now() - before) / 1000).toFixed(1)} s later`);
        } finally {
          await balancer.close();
          await Promise.all(replicas.map(async (replica) => replica.terminate()));
        }
      },
    },
  ];
}

interface Trouble {
  readonly kills: number;
  readonly terminations: number;
  readonly restarts: number;
}

async function makeTrouble(
  { world }: ChaosWorld,
  replicas: readonly Replica[],
  signal: AbortSignal,
): Promise<Trouble> {
  let turn = 0;
  let restarts = 0;
  const pause = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal }).catch(() => undefined);
  await pause(killEveryMs / 2);
  while (!signal.aborted) {
    const killed = replicas[turn % replicas.length];
    const ended = replicas[(turn + 1) % replicas.length];
    turn += 1;
    await Promise.all([
      killed?.kill().then(() => killed.start()),
      ended?.terminate().then((status) => {
        assert.equal(status, 0, 'SIGTERM ends with status 0');
        return ended.start();
      }),
    ]);
    if (turn === 1) {
      await world.controlPlane.restartApiServer();
      restarts += 1;
    }
    await pause(killEveryMs);
  }
  return { kills: turn, terminations: turn, restarts };
}
