import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { countCalls } from '../e2e/stack/audit-log.ts';
import { awaitUntil } from '../e2e/stack/await-until.ts';
import { runLoad, type LoadOptions, type LoadReport } from '../e2e/stack/agent.ts';
import { describeLoad } from '../e2e/faults/fault-world.ts';
import { silentSigners, silentTenants } from '../e2e/faults/silent-tenants.ts';
import type { Step } from '../e2e/runner/suite.ts';
import { accountName, serverName } from '../e2e/walkthrough/world.ts';
import { deploy } from '../e2e/walkthrough/workloads.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { residentMiB } from '../e2e/stack/process-usage.ts';

const calmMs = 6_000;
const troubleMs = 10_000;

/** Loads that must not hurt those who did not make them. */
export function loadSteps(
  chaos: ChaosWorld,
  { clients, mostSlower }: { readonly clients: number; readonly mostSlower: number },
): Step[] {
  return [
    {
      name: `a namespace that floods: p99 of another stays under ${mostSlower} times its calm value`,
      run: async (show) => {
        const { world } = chaos;
        const ra = await chaos.startRa('flooded');
        try {
          const quiet = {
            callers: 2,
            tokenFile: world.boundToken({ namespace: 'bar', account: 'httpbin' }),
          };
          const flood = {
            callers: 100,
            tokenFile: world.boundToken({ namespace: 'foo', account: 'httpbin' }),
          };
          await load(chaos, ra.address, { ...quiet, durationMs: 2_000 });
          const calm = await load(
            chaos,
            ra.address,
            { ...flood, callers: 10, durationMs: calmMs },
            quiet,
          );
          const flooded = await load(chaos, ra.address, { ...flood, durationMs: troubleMs }, quiet);
          show(
            `bar beside 10 callers of foo: p99 ${p99(calm.own)} ms; beside 100: p99 ${p99(flooded.own)} ms`,
          );
          show(`foo: ${describeLoad(flooded.others)}`);
          assert.equal(flooded.own.ok, flooded.own.requests, JSON.stringify(flooded.own.messages));
          assert.ok(p99(flooded.own) < mostSlower * p99(calm.own), 'bar is not held up by foo');
        } finally {
          await ra.stop();
        }
      },
    },
    {
      name: 'a signer that hangs: p99 of the others stays under twice its calm value',
      run: async (show) => {
        const { world } = chaos;
        const meshConfig = await withSilentSigner(chaos);
        const ra = await world.startRa('hung', {
          meshConfig,
          env: { RATE_LIMITS: 'off', REQUEST_BUDGET: '8s' },
        });
        try {
          const [silent] = silentSigners;
          const good = {
            callers: 5,
            tokenFile: world.boundToken({ namespace: 'bar', account: 'httpbin' }),
          };
          const hung = {
            callers: 100,
            retries: false,
            tokenFile: world.boundToken({ namespace: silent, account: 'httpbin' }),
          };
          await load(chaos, ra.address, { ...good, durationMs: 2_000 });
          const calm = await load(chaos, ra.address, { ...good, durationMs: calmMs });
          const beside = await load(chaos, ra.address, { ...hung, durationMs: troubleMs }, good);
          show(
            `bar alone: p99 ${p99(calm.others)} ms; beside a signer that hangs: ${p99(beside.own)} ms`,
          );
          show(`the hung one: ${JSON.stringify(beside.others.attemptCodes)}`);
          assert.equal(beside.own.ok, beside.own.requests, JSON.stringify(beside.own.messages));
          assert.ok(p99(beside.own) < 2 * p99(calm.others), 'bar is not held up by a hung signer');
        } finally {
          await ra.stop();
        }
        await world.awaitNothingLeft(120_000);
      },
    },
    {
      name: `${clients} clients, each on a new connection, at once: all are served`,
      run: async (show) => {
        const { world } = chaos;
        const ra = await chaos.startRa('stormed');
        try {
          const report = await runLoad(world.tools.agentlike, {
            ...clientOf(chaos, ra.address),
            tokenDir: world.tenantTokens(),
            callers: clients,
            total: clients,
            newConnections: true,
          });
          const { peak, now } = residentMiB(ra.pid);
          show(describeLoad(report));
          show(`resident memory ${now.toFixed(0)} MiB, ${peak.toFixed(0)} MiB at most`);
          assert.equal(report.ok, clients, JSON.stringify(report.messages));
          await world.awaitNothingLeft(30_000);
        } finally {
          await ra.stop();
        }
      },
    },
  ];
}

/** The API server away for a while: no crash, few calls meanwhile, issuing soon after its return. */
export function outageStep(chaos: ChaosWorld, { awayMs }: { readonly awayMs: number }): Step {
  return {
    name: `the API server away for ${awayMs / 1000} s: no crash, and it issues within 5 s of its return`,
    run: async (show) => {
      const { world } = chaos;
      const ra = await chaos.startRa('outage');
      try {
        await load(chaos, ra.address, { ...all(chaos), callers: 4, total: 20 });
        const ending = new AbortController();
        await world.controlPlane.stopApiServer();
        // cert-manager would look for the API server as seldom as once a minute by now: that is not ours.
        await world.certManager.stopSigners();
        const before = await ra.metric(apiCalls);
        const demand = runLoad(
          world.tools.agentlike,
          { ...clientOf(chaos, ra.address), ...all(chaos), callers: 20, durationMs: awayMs },
          ending.signal,
        ).catch(() => undefined);
        await sleep(awayMs);
        assert.ok(ra.isRunning, 'it still runs');
        assert.equal((await ra.page('/healthz')).status, 200);
        const perSecond = ((await ra.metric(apiCalls)) - before) / (awayMs / 1000);
        show(`${perSecond.toFixed(1)} calls/s while it was away`);
        assert.ok(perSecond <= 20, 'at most 20 calls/s');
        const mark = world.audit.mark();
        await world.controlPlane.startApiServer();
        const back = performance.now();
        await awaitUntil(() => Promise.resolve(approvals(chaos, mark) > 0), {
          what: 'a request is approved again',
          timeoutMs: 30_000,
          intervalMs: 20,
        });
        const seconds = (performance.now() - back) / 1000;
        show(`first approval ${seconds.toFixed(1)} s after its return`);
        assert.ok(seconds < 5, 'within 5 s');
        world.certManager.startSigners();
        await firstIssued(chaos, ra.address);
        show(`first certificate ${((performance.now() - back) / 1000).toFixed(1)} s after it`);
        await demand;
      } finally {
        await ra.stop();
      }
      await world.awaitNothingLeft(120_000);
    },
  };
}

const apiCalls = 'istio_ra_kubernetes_calls_total';

function approvals({ world }: ChaosWorld, mark: number): number {
  const counts = countCalls(world.audit.callsBy(accountName, mark));
  return counts.get('update certificatesigningrequests/approval') ?? 0;
}

async function firstIssued(chaos: ChaosWorld, address: string): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    const report = await runLoad(chaos.world.tools.agentlike, {
      ...clientOf(chaos, address),
      ...all(chaos),
      callers: 1,
      total: 1,
      retries: false,
    });
    if (report.ok === 1) return;
    assert.ok(performance.now() < end, JSON.stringify(report.messages));
  }
}

type Asking = Partial<LoadOptions>;

interface Two {
  readonly others: LoadReport;
  /** Of the second one, where there was one. */
  readonly own: LoadReport;
}

/** One load, or one beside another for as long. */
async function load(
  chaos: ChaosWorld,
  address: string,
  asking: Asking,
  beside: Asking = { callers: 1, total: 1, ...all(chaos) },
): Promise<Two> {
  const run = (options: Asking): Promise<LoadReport> =>
    runLoad(chaos.world.tools.agentlike, { ...clientOf(chaos, address), ...options });
  const { durationMs } = asking;
  const alike = durationMs === undefined || 'total' in beside ? beside : { ...beside, durationMs };
  const [others, own] = await Promise.all([run(asking), run(alike)]);
  return { others, own };
}

function clientOf({ world }: ChaosWorld, address: string): Omit<LoadOptions, 'callers'> {
  const rootFile = world.rootFile('istio-system');
  return { address, rootFile, serverName, certSigner: '{namespace}', key: 'p256' };
}

function all({ world }: ChaosWorld): Asking {
  return { tokenDir: world.tenantTokens() };
}

function p99(report: LoadReport): number {
  return report.okMs?.p99 ?? NaN;
}

/** A mesh config with a tenant whose issuer is not there. */
async function withSilentSigner({ world }: ChaosWorld): Promise<string> {
  await world.controlPlane.kubectl.apply(silentTenants());
  const file = world.path('mesh-silent.yaml');
  copyFileSync(world.path('mesh.yaml'), file);
  const root = readFileSync(world.rootFile('foo'), 'utf8').trimEnd().split('\n');
  for (const name of silentSigners) {
    await deploy(world, { namespace: name, account: 'httpbin' });
    const lines = [
      `  - certSigners: [clusterissuers.cert-manager.io/${name}]`,
      '    pem: |',
      ...root.map((line) => `      ${line}`),
    ];
    appendFileSync(file, `${lines.join('\n')}\n`);
  }
  return file;
}
