import { requestCertificate, runLoad } from '../e2e/stack/agent.ts';
import type { LoadReport, RequestReport } from '../e2e/stack/agent.ts';
import type { SoakSettings } from './soak-settings.ts';
import { pause } from './soak-world.ts';
import type { SoakWorld } from './soak-world.ts';
import { goodTenant, impersonated } from './tenants.ts';

/** Loads by what they are; each is one process of the client. */
export type LoadReports = Readonly<Record<'kept' | 'fresh' | 'node', LoadReport>>;

/** The troubled tenants' load: on kept connections, on new ones, and by a node agent. */
export async function runLoads(
  world: SoakWorld,
  { durationMs, requestsPerSecond }: SoakSettings,
  signal: AbortSignal,
): Promise<LoadReports> {
  const agent = {
    ...{ ...world.client(), durationMs, callers: 18 },
    ...{ tokenDir: world.file('tokens/troubled'), certSigner: '{namespace}' },
  };
  const of = (share: number): { readonly rate: number; readonly total: number } => {
    const rate = Math.max(1, requestsPerSecond * share);
    return { rate, total: Math.ceil((rate * durationMs) / 1000) };
  };
  const [kept, fresh, node] = await Promise.all([
    runLoad(world.agentlike, { ...agent, ...of(0.6) }, signal),
    runLoad(world.agentlike, { ...agent, ...of(0.25), newConnections: true }, signal),
    runLoad(
      world.agentlike,
      {
        ...{ ...world.client(), ...of(0.15), durationMs, callers: 4, as: 'ztunnel' as const },
        ...{ tokenFile: world.file('node-agent.token'), identity: impersonated },
      },
      signal,
    ),
  ]);
  return { kept, fresh, node };
}

/** One request of the tenant beside; times of `performance.now()`. */
export interface GoodRequest {
  readonly from: number;
  readonly to: number;
  readonly report: RequestReport;
}

const everyMs = 500;
const maxUnderWay = 30;

/** Asks for the tenant beside, in steady intervals, each time as a client that was just started. */
export async function runGoodTenant(
  world: SoakWorld,
  signal: AbortSignal,
): Promise<readonly GoodRequest[]> {
  const done: GoodRequest[] = [];
  const underWay = new Set<Promise<void>>();
  const client = { ...world.client(), certSigner: goodTenant };
  for (let at = 0; !signal.aborted; at += 1) {
    const tokenFile = world.file(`tokens/good/${at % 6}-${goodTenant}`);
    const from = performance.now();
    const one = requestCertificate(world.agentlike, { ...client, tokenFile }).then((report) => {
      done.push({ from, to: performance.now(), report });
    });
    const noted = one.finally(() => underWay.delete(noted));
    underWay.add(noted);
    if (underWay.size >= maxUnderWay) await Promise.race(underWay);
    await pause(everyMs, signal);
  }
  await Promise.all(underWay);
  return done;
}
