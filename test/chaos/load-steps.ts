import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { runLoad, type LoadOptions, type LoadReport } from '../e2e/stack/agent.ts';
import { describeLoad } from '../e2e/faults/fault-world.ts';
import { silentSigners, silentTenants } from '../e2e/faults/silent-tenants.ts';
import type { Show, Step } from '../e2e/runner/suite.ts';
import { deploy } from '../e2e/walkthrough/workloads.ts';
import { residentMiB } from '../e2e/stack/process-usage.ts';
import { measuredUpTo } from '../support/measured-up-to.ts';
import { allTenants, assertServed, clientOf } from './chaos-clients.ts';
import type { ChaosWorld } from './chaos-world.ts';

const calmMs = 6_000;
const troubleMs = 10_000;

/** Loads that must not hurt those who did not make them. */
export function loadSteps(
  chaos: ChaosWorld,
  { clients, maxSlower }: { readonly clients: number; readonly maxSlower: number },
): Step[] {
  return [
    {
      name: `a namespace that floods: p99 of another stays under ${maxSlower} times its calm value`,
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
          const ratio = async (): Promise<number> => {
            const few = { ...flood, callers: 10, durationMs: calmMs };
            const calm = await load(chaos, ra.address, few, quiet);
            const many = { ...flood, durationMs: troubleMs };
            const flooded = await load(chaos, ra.address, many, quiet);
            show(
              `bar beside 10 callers of foo: p99 ${p99(calm.own)} ms; beside 100: p99 ${p99(flooded.own)} ms`,
            );
            show(`foo: ${describeLoad(flooded.others)}`);
            assertServed(flooded.own);
            return p99(flooded.own) / p99(calm.own);
          };
          await assertRatio({ atMost: maxSlower, show }, ratio);
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
          const ratio = async (): Promise<number> => {
            const calm = await load(chaos, ra.address, { ...good, durationMs: calmMs });
            const many = { ...hung, durationMs: troubleMs };
            const beside = await load(chaos, ra.address, many, good);
            show(
              `bar alone: p99 ${p99(calm.others)} ms; beside a signer that hangs: ${p99(beside.own)} ms`,
            );
            show(`the hung one: ${JSON.stringify(beside.others.attemptCodes)}`);
            assertServed(beside.own);
            return p99(beside.own) / p99(calm.others);
          };
          await assertRatio({ atMost: 2, show }, ratio);
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
          assertServed(report);
          await world.awaitNothingLeft(30_000);
        } finally {
          await ra.stop();
        }
      },
    },
  ];
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
  beside: Asking = { callers: 1, total: 1, ...allTenants(chaos) },
): Promise<Two> {
  const run = (options: Asking): Promise<LoadReport> =>
    runLoad(chaos.world.tools.agentlike, { ...clientOf(chaos, address), ...options });
  const { durationMs } = asking;
  const alike = durationMs === undefined || 'total' in beside ? beside : { ...beside, durationMs };
  const [others, own] = await Promise.all([run(asking), run(alike)]);
  return { others, own };
}

/** Fails where a ratio of times is beyond its bound each time. */
async function assertRatio(
  { atMost, show }: { readonly atMost: number; readonly show: Show },
  ratio: () => Promise<number>,
): Promise<void> {
  const limit = { what: 'p99 of bar to its calm value', unit: '', say: show } as const;
  const { holds, report } = await measuredUpTo(3, { ...limit, bound: { atMost } }, ratio);
  assert.ok(holds, report);
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
