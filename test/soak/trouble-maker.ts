import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../fuzz/runner/random.ts';
import { pause } from './soak-world.ts';
import type { SoakWorld } from './soak-world.ts';
import { apiTroubles, harmlessTroubles, signerTrouble } from './trouble-kinds.ts';
import type { Trouble } from './trouble-kinds.ts';

/** When something was wrong; times of `performance.now()`. */
export interface Spell {
  readonly name: string;
  readonly from: number;
  to: number;
}

const maxStarts = 5;
/** Longer together than a mesh config stays unreadable. */
const betweenStartsMs = 2_000;

interface Lane {
  /** Whether nobody can be served for sure meanwhile. */
  readonly isOfApi: boolean;
  readonly gapMs: readonly [min: number, max: number];
  readonly holdMs: readonly [min: number, max: number];
  readonly pick: (random: Random) => Trouble;
}

const lanes: readonly Lane[] = [
  {
    isOfApi: true,
    gapMs: [7_000, 16_000],
    holdMs: [1_000, 5_000],
    pick: (random) => random.pick(apiTroubles),
  },
  {
    isOfApi: false,
    gapMs: [1_000, 4_000],
    holdMs: [1_000, 4_000],
    pick: (random) => random.pick(harmlessTroubles),
  },
  { isOfApi: false, gapMs: [200, 2_000], holdMs: [2_000, 6_000], pick: signerTrouble },
  {
    isOfApi: false,
    gapMs: [10_000, 30_000],
    holdMs: [0, 1],
    pick: () => ({ kind: 'own-restart', name: 'a replica restarts' }),
  },
];

/** Switches one thing after another on and off, in several lanes at once, as the seed determines. */
export class TroubleMaker {
  readonly #world: SoakWorld;
  readonly #spells: { readonly isOfApi: boolean; readonly spell: Spell }[] = [];

  constructor(world: SoakWorld) {
    this.#world = world;
  }

  /** Resolves once the signal is aborted and everything is off again. */
  async run(random: Random, signal: AbortSignal): Promise<void> {
    const choices = lanes.map((lane) => ({ lane, random: random.fork() }));
    try {
      await Promise.all(choices.map(({ lane, random: own }) => this.#drive(lane, own, signal)));
    } finally {
      await this.#world.api.clearAll();
      this.#world.useMesh('good');
    }
  }

  /** Whether the API was well all the time from a while before `from` until `to`. */
  wasApiWell(from: number, to: number, recoveryMs: number): boolean {
    return !this.#spells.some(
      ({ isOfApi, spell }) => isOfApi && spell.from <= to && spell.to + recoveryMs >= from,
    );
  }

  /** How often each thing was done. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { spell } of this.#spells) counts.set(spell.name, (counts.get(spell.name) ?? 0) + 1);
    return new Map([...counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  async #drive(lane: Lane, random: Random, signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(between(random, lane.gapMs), signal);
      if (signal.aborted) return;
      const trouble = lane.pick(random);
      const holdMs = between(random, lane.holdMs);
      const spell = { name: trouble.name, from: performance.now(), to: Infinity };
      this.#spells.push({ isOfApi: lane.isOfApi, spell });
      await this.#make(trouble, holdMs, signal);
      spell.to = performance.now();
    }
  }

  async #make(trouble: Trouble, holdMs: number, signal: AbortSignal): Promise<void> {
    const world = this.#world;
    switch (trouble.kind) {
      case 'fault': {
        const clear = await world.api.strike(trouble.fault);
        await pause(holdMs, signal);
        await clear();
        return;
      }
      case 'mesh':
        world.useMesh(trouble.variant);
        await pause(holdMs, signal);
        world.useMesh('good');
        return;
      case 'api-restart':
        await world.api.restart(Math.min(holdMs, 3_000));
        return;
      case 'own-restart':
        assert.equal(await world.restarted.terminate(), 0, 'SIGTERM ends with status 0');
        await this.#startAgain();
    }
  }

  /** As the kubelet does: a replica that finds no usable mesh config ends, and is started once more. */
  async #startAgain(): Promise<void> {
    for (let left = maxStarts; ; left -= 1) {
      try {
        await this.#world.restarted.start();
        return;
      } catch (error) {
        if (left <= 1) throw error;
      }
      await sleep(betweenStartsMs);
    }
  }
}

function between(random: Random, [min, max]: readonly [number, number]): number {
  return min + random.below(max - min);
}
