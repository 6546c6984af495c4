import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Step } from '../runner/suite.ts';
import { awaitUntil } from '../stack/await-until.ts';
import { startMtlsClient, startMtlsServer, type Envoy } from '../stack/envoy.ts';
import { assertIssued, identityFolder } from './certificate-steps.ts';
import { nameOf, type Workload, type World } from './world.ts';

const namespaces = ['foo', 'bar'] as const;
const needs = 'envoy';

/** The Envoys beside the four workloads, by `sleep.foo` and so on. */
export type Envoys = Map<string, Envoy>;

/** Steps 5 and 6: real Envoys with these certificates, and their renewal. */
export function trafficSteps(world: World, envoys: Envoys): Step[] {
  const pairs = namespaces.flatMap((from) => namespaces.map((to) => ({ from, to })));
  return [
    {
      name: '5.1 an Envoy beside each workload has its certificate',
      needs,
      foundation: true,
      run: async (show) => {
        await startEnvoys(world, envoys);
        for (const [name, envoy] of envoys) {
          show(`${name}: serial ${(await envoy.certificateSerials()).join()}`);
        }
      },
    },
    ...pairs.map(({ from, to }, index): Step => {
      const outcome = from === to ? 'is answered' : 'fails on the certificate';
      return {
        name: `5.${index + 2} sleep.${from} to httpbin.${to} ${outcome}`,
        needs,
        run: async (show) => show(await tryPair(envoys, { from, to })),
      };
    }),
    {
      name: '6.1 both ends get new keys and certificates under traffic, and no request fails',
      needs,
      run: async (show) => {
        for (const fact of await renewUnderTraffic(world, envoys)) show(fact);
      },
    },
  ];
}

async function startEnvoys(world: World, envoys: Envoys): Promise<void> {
  const { envoy } = world.tools;
  const options = (workload: Workload) => ({
    name: nameOf(workload),
    dir: world.path('envoys'),
    envoy,
    processes: world.processes,
    identityFolder: identityFolder(world, workload),
  });
  for (const namespace of namespaces) {
    const server = await startMtlsServer(options({ namespace, account: 'httpbin' }));
    envoys.set(server.name, server);
  }
  const upstreams = [...envoys.values()].map(({ name, port }) => ({ name, port }));
  for (const namespace of namespaces) {
    const client = options({ namespace, account: 'sleep' });
    envoys.set(client.name, await startMtlsClient({ ...client, upstreams }));
  }
}

/** One request across; returns what there is to see of it. */
async function tryPair(
  envoys: Envoys,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<string> {
  const client = envoyOf(envoys, `sleep.${from}`);
  const stat = `cluster.httpbin.${to}.ssl.fail_verify_error`;
  const before = await client.stat(stat);
  const { status } = await client.get(`httpbin.${to}`);
  const refused = (await client.stat(stat)) - before;
  const shown = `HTTP ${status}, ${stat} +${refused}`;
  assert.equal(status, from === to ? 200 : 503, shown);
  assert.equal(refused > 0, from !== to, shown);
  return shown;
}

async function renewUnderTraffic(world: World, envoys: Envoys): Promise<string[]> {
  const client = envoyOf(envoys, 'sleep.foo');
  const traffic = new Traffic(client, 'httpbin.foo');
  const facts: string[] = [];
  try {
    await traffic.atLeast(20);
    for (const account of ['sleep', 'httpbin'] as const) {
      facts.push(await renew(world, envoys, { namespace: 'foo', account }));
      await traffic.atLeast(20);
    }
  } finally {
    await traffic.stop();
  }
  facts.push(`${traffic.answered} requests meanwhile, each on a connection of its own: all 200`);
  assert.deepEqual(traffic.failures, []);
  return facts;
}

/** A new key and certificate for one workload, handed to its Envoy; returns when it shows it. */
async function renew(world: World, envoys: Envoys, workload: Workload): Promise<string> {
  const envoy = envoyOf(envoys, nameOf(workload));
  const before = await envoy.certificateSerials();
  const out = `${identityFolder(world, workload)}-renewed`;
  assertIssued(await world.request(workload, { out }));
  envoy.useIdentity(out);
  const after = await awaitUntil(
    async () => {
      const serials = await envoy.certificateSerials();
      return serials.length > 0 && !serials.some((serial) => before.includes(serial)) && serials;
    },
    { what: `${envoy.name} shows its new certificate`, timeoutMs: 20_000 },
  );
  return `${envoy.name}: serial ${before.join()} became ${after.join()}`;
}

function envoyOf(envoys: Envoys, name: string): Envoy {
  const envoy = envoys.get(name);
  if (envoy === undefined) throw new Error(`there is no Envoy ${name}`);
  return envoy;
}

/** Requests one after the other until it is stopped. */
class Traffic {
  readonly failures: string[] = [];
  answered = 0;
  private running = true;
  private readonly done: Promise<void>;

  constructor(client: Envoy, upstream: string) {
    this.done = this.run(client, upstream);
  }

  /** Waits for so many more requests. */
  async atLeast(count: number): Promise<void> {
    const wanted = this.answered + count;
    await awaitUntil(() => Promise.resolve(this.answered >= wanted), {
      what: `${count} more requests are answered`,
      timeoutMs: 30_000,
    });
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }

  private async run(client: Envoy, upstream: string): Promise<void> {
    while (this.running) {
      try {
        const { status, body } = await client.get(upstream);
        if (status !== 200) this.failures.push(`${status} ${body}`);
      } catch (error) {
        this.failures.push(String(error));
      }
      this.answered += 1;
      await sleep(5);
    }
  }
}
