import { readdirSync } from 'node:fs';
import { residentMiB } from '../e2e/stack/process-usage.ts';
import type { IssuedFact, ObjectFact } from './sandbox/soak-messages.ts';
import { slopeOf } from './slope.ts';
import type { Slope } from './slope.ts';
import { pause } from './soak-world.ts';
import type { SoakWorld } from './soak-world.ts';

interface Sample {
  readonly minute: number;
  readonly memoryMiB: number;
  readonly descriptors: number;
  readonly objects: number;
}

export interface Slopes {
  readonly memory: Slope;
  readonly descriptors: Slope;
  readonly objects: Slope;
}

/** What is looked at all the time: the steady replica, and what the API's signers did. */
export class Sampler {
  readonly issued: IssuedFact[] = [];
  readonly approved: string[] = [];
  readonly #world: SoakWorld;
  readonly #samples: Sample[] = [];

  constructor(world: SoakWorld) {
    this.#world = world;
  }

  async run(everyMs: number, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const { pid } = this.#world.steady.ra;
    while (!signal.aborted) {
      const objects = await this.collect();
      this.#samples.push({
        minute: (performance.now() - start) / 60_000,
        memoryMiB: residentMiB(pid).now,
        descriptors: readdirSync(`/proc/${pid}/fd`).length,
        objects: objects.length,
      });
      await pause(everyMs, signal);
    }
  }

  /** Takes over what is new at the API. Returns the objects with our label. */
  async collect(): Promise<readonly ObjectFact[]> {
    const { issued, approved, objects } = await this.#world.api.look();
    this.issued.push(...issued);
    this.approved.push(...approved);
    return objects;
  }

  /** How each quantity changed after the first third, which is for warming up. */
  slopes(): Slopes {
    const warm = this.#samples.slice(Math.ceil(this.#samples.length / 3));
    const of = (read: (sample: Sample) => number): Slope =>
      slopeOf(warm.map((sample) => ({ minute: sample.minute, value: read(sample) })));
    return {
      memory: of(({ memoryMiB }) => memoryMiB),
      descriptors: of(({ descriptors }) => descriptors),
      objects: of(({ objects }) => objects),
    };
  }

  /** The most that was seen. */
  peaks(): Omit<Sample, 'minute'> {
    const most = (read: (sample: Sample) => number): number => Math.max(...this.#samples.map(read));
    return {
      memoryMiB: most(({ memoryMiB }) => memoryMiB),
      descriptors: most(({ descriptors }) => descriptors),
      objects: most(({ objects }) => objects),
    };
  }
}
