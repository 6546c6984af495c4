import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { residentMiB } from '../e2e/stack/process-usage.ts';
import { SandboxWorld } from '../bench/sandbox/sandbox-world.ts';
import type { MeasuredAuthority } from '../bench/bench-world.ts';
import { runLoad } from '../e2e/stack/agent.ts';
import type { LoadReport } from '../e2e/stack/agent.ts';
import { awaitUntil } from '../e2e/stack/await-until.ts';
import { describeLoad } from '../e2e/faults/fault-world.ts';
import type { Step } from '../e2e/runner/suite.ts';
import { measuredUpTo } from '../support/measured-up-to.ts';
import type { Attack } from './attacks/attack.ts';
import { callAttacks } from './attacks/call-attacks.ts';
import { frameAttacks } from './attacks/frame-attacks.ts';
import type { Target } from './attacks/raw-connection.ts';
import { tlsAttacks } from './attacks/tls-attacks.ts';

const maxMemoryMiB = 700;
const maxP99Ms = 3_000;
const requestsPerSecond = 10;
/** Each has a pod of its own, which may ask now and then only: the limits are those that ship. */
const goodCallers = 10;
/** The load goes on after the attack, so that nobody is served only once it is over. */
const maxAttackMs = 60_000;

export interface AttackStepsOptions {
  /** The client of the good tenant. */
  readonly agentlike: string;
  readonly durationMs: number;
  /** Leaves out what the integration tests of the server show as well. */
  readonly isShort: boolean;
}

/** The bundle on the sandbox's API, which all attacks meet one after the other. */
class Fortress {
  readonly world: SandboxWorld;
  readonly authority: MeasuredAuthority;
  #rounds = 0;

  private constructor(world: SandboxWorld, authority: MeasuredAuthority) {
    this.world = world;
    this.authority = authority;
  }

  static async build(agentlike: string): Promise<Fortress> {
    const world = await SandboxWorld.start(agentlike);
    try {
      // With the limits that a benchmark goes without.
      const authority = await world.startAuthority('attacked', { RATE_LIMITS: '' });
      const fortress = new Fortress(world, authority);
      // Nobody's code is compiled under attack.
      await fortress.goodLoad(1_000);
      return fortress;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  get target(): Target {
    const { rootFile, serverName, tokenDir } = this.world;
    // A pod of its own, too: in order of names the good ones come first.
    const token = readdirSync(tokenDir).sort().at(-1) ?? '';
    return {
      ...{ serverName, rootPem: readFileSync(rootFile, 'utf8') },
      port: Number(this.authority.address.split(':')[1]),
      token: readFileSync(join(tokenDir, token), 'utf8'),
    };
  }

  /** Workloads of two tenants, half of them on new connections each time. */
  async goodLoad(durationMs: number): Promise<readonly LoadReport[]> {
    const { agentlike, rootFile, serverName } = this.world;
    const tokenDir = this.#freshPods();
    const common = {
      ...{ address: this.authority.address, rootFile, serverName, tokenDir, durationMs },
      ...{ certSigner: '{namespace}', key: 'p256' as const, callers: goodCallers },
      rate: requestsPerSecond / 2,
      total: Math.ceil((durationMs * requestsPerSecond) / 2_000),
    };
    return Promise.all([
      runLoad(agentlike, common),
      runLoad(agentlike, { ...common, newConnections: true }),
    ]);
  }

  /** A folder with the tokens of pods that have not asked before; from the first again after all. */
  #freshPods(): string {
    const { tokenDir } = this.world;
    const tokens = readdirSync(tokenDir).sort().slice(0, -1);
    const rounds = Math.floor(tokens.length / goodCallers);
    const first = (this.#rounds % rounds) * goodCallers;
    const folder = join(tokenDir, '..', `good-pods-${this.#rounds}`);
    this.#rounds += 1;
    mkdirSync(folder);
    for (const token of tokens.slice(first, first + goodCallers)) {
      copyFileSync(join(tokenDir, token), join(folder, token));
    }
    return folder;
  }

  isAlive(): boolean {
    try {
      return process.kill(this.authority.pid, 0);
    } catch {
      return false;
    }
  }
}

/**
 * What a hostile client does to the bundle, a step each, with good clients beside it. They bring their
 * own API, the sandbox's; the first step starts it and the last one ends it.
 */
export function attackSteps(options: AttackStepsOptions): readonly Step[] {
  const { agentlike, durationMs, isShort } = options;
  let built: Promise<Fortress> | undefined;
  const fortress = (): Promise<Fortress> => (built ??= Fortress.build(agentlike));
  const all = [...frameAttacks, ...callAttacks, ...tlsAttacks];
  const attacks = all.filter(({ isShownByOthers }) => !isShort || isShownByOthers !== true);
  return [
    ...attacks.map((attack) => ({
      name: `${attack.name}: good clients are served`,
      run: async (show: (evidence: string) => void): Promise<void> => {
        const met = await fortress();
        await judged(show, () => withstand(met, attack, { durationMs, show }));
      },
    })),
    {
      name: 'after all attacks: it serves as before, and nothing is left',
      isLast: true,
      run: async (show) => {
        const last = await fortress();
        const { world, authority } = last;
        try {
          await judged(show, async () => judge(last, await last.goodLoad(durationMs), show));
          await awaitUntil(async () => (await world.objectsLeft()) === 0, {
            ...{ what: 'no object is left', timeoutMs: 30_000 },
          });
        } finally {
          await authority.stop();
          await world.stop();
        }
      },
    },
  ];
}

/** Fails where the good clients waited too long each time. */
async function judged(show: (fact: string) => void, p99Ms: () => Promise<number>): Promise<void> {
  const limit = { what: 'p99 of the good clients', unit: 'ms', say: show } as const;
  const { holds, report } = await measuredUpTo(3, { ...limit, bound: { atMost: maxP99Ms } }, p99Ms);
  assert.ok(holds, report);
}

/** Returns the p99 of the good clients meanwhile, in milliseconds. */
async function withstand(
  fortress: Fortress,
  attack: Attack,
  { durationMs, show }: { readonly durationMs: number; readonly show: (fact: string) => void },
): Promise<number> {
  const over = new AbortController();
  const late = setTimeout(() => over.abort(), maxAttackMs);
  const attacking = attack.run(fortress.target, over.signal);
  // It is waited for below, after the load that goes on beside it.
  attacking.catch(() => undefined);
  try {
    const reports = await fortress.goodLoad(durationMs);
    over.abort();
    show(await attacking);
    return judge(fortress, reports, show);
  } finally {
    over.abort();
    clearTimeout(late);
    await attacking.catch(() => undefined);
  }
}

/** What must hold of every load. Returns the larger p99, in milliseconds. */
function judge(
  fortress: Fortress,
  reports: readonly LoadReport[],
  show: (fact: string) => void,
): number {
  assert.ok(fortress.isAlive(), 'the process that was started first still runs');
  const { now, peak } = residentMiB(fortress.authority.pid);
  show(`resident memory ${now.toFixed(0)} MiB, ${peak.toFixed(0)} MiB at most so far`);
  for (const report of reports) {
    show(`${describeLoad(report)}; p99 ${report.okMs?.p99 ?? NaN} ms`);
    assert.equal(report.ok, report.requests, JSON.stringify(report.messages));
  }
  assert.ok(peak < maxMemoryMiB, `resident memory stays under ${maxMemoryMiB} MiB`);
  return Math.max(...reports.map(({ okMs }) => okMs?.p99 ?? NaN));
}
