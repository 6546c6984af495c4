import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Step } from '../../e2e/runner/suite.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { lostIn, SteadyLoad } from '../mesh/steady-load.ts';
import { workloadCertificate } from '../mesh/workload-certificate.ts';
import { tenants } from './walk-through.ts';

const perSecond = 20;
/** Certificates of ten minutes are renewed after one, and every pod starts with one. */
const seconds = 100;
const workloads = tenants.flatMap((tenant) =>
  ['httpbin', 'sleep'].map((name) => ({ tenant, name })),
);

interface RenewalSteps {
  /** Start the traffic and note the certificates. */
  readonly begin: readonly Step[];
  /** Wait for its end; other chapters may run in between. */
  readonly end: readonly Step[];
}

/** Certificates are renewed while requests flow, none of which may be lost. */
export function renewalSteps(context: ClusterContext): RenewalSteps {
  const loads = new Map<string, SteadyLoad>();
  const serials = new Map<string, string>();
  let endMs = 0;
  const serialOf = async ({ tenant, name }: (typeof workloads)[number]): Promise<string> =>
    (await workloadCertificate(context, tenant, `deploy/${name}`)).serial;
  return {
    begin: [
      {
        name: `up to ${perSecond} requests a second flow in each tenant, each over a connection of its own`,
        run: async () => {
          for (const tenant of tenants) {
            const load = await SteadyLoad.start(context, {
              ...{ namespace: tenant, workload: 'deploy/sleep', container: 'sleep' },
              ...{ perSecond, maxSeconds: seconds },
            });
            loads.set(tenant, load);
          }
          endMs = performance.now() + seconds * 1000;
          for (const workload of workloads) {
            serials.set(`${workload.name}.${workload.tenant}`, await serialOf(workload));
          }
        },
      },
    ],
    end: [
      ...tenants.map((tenant): Step => ({
        name: `no request was lost in ${tenant}`,
        run: async (show) => {
          await sleep(Math.max(0, endMs - performance.now()));
          const evidence = await loads.get(tenant)?.take();
          assert.ok(evidence !== undefined, 'there was no load');
          show(`${JSON.stringify(evidence.statuses)} in ${seconds} s`);
          assert.equal(lostIn(evidence), 0, 'every request is served');
          assert.ok(
            (evidence.statuses['200'] ?? 0) > seconds,
            'the machine is too busy for this to tell anything',
          );
        },
      })),
      {
        name: 'every workload was given a new certificate meanwhile',
        run: async (show) => {
          for (const workload of workloads) {
            const name = `${workload.name}.${workload.tenant}`;
            const serial = await serialOf(workload);
            assert.notEqual(serial, serials.get(name), `${name} still has its first certificate`);
            show(`${name}: ${serials.get(name)?.slice(0, 12)} -> ${serial.slice(0, 12)}`);
          }
        },
      },
    ],
  };
}
