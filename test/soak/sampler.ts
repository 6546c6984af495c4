import { readdirSync } from 'node:fs';
import { residentMiB } from '../e2e/stack/process-usage.ts';
import { probeLiveMemory } from './heap-probe.ts';
import type { LiveMemory } from './heap-probe.ts';
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

interface LiveSample extends LiveMemory {
  readonly minute: number;
}

export interface Slopes {
  readonly memory: Slope;
  /** Of what is left after a garbage collection, in and outside of the heap. */
  readonly live: Slope;
  readonly descriptors: Slope;
  readonly objects: Slope;
}

/** A whole garbage collection takes a moment from the replica: not with each sample. */
const samplesPerProbe = 5;

/** What is looked at all the time: the steady replica, and what the API's signers did. */
export class Sampler {
  readonly issued: IssuedFact[] = [];
  readonly approved: string[] = [];
  readonly #world: SoakWorld;
  readonly #samples: Sample[] = [];
  readonly #live: LiveSample[] = [];

  constructor(world: SoakWorld) {
    this.#world = world;
  }

  async run(everyMs: number, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const { pid, logFile } = this.#world.steady.ra;
    while (!signal.aborted) {
      const objects = await this.collect();
      const minute = (performance.now() - start) / 60_000;
      // Before the garbage is collected: as the process is by itself.
      this.#samples.push({
        minute,
        memoryMiB: residentMiB(pid).now,
        descriptors: readdirSync(`/proc/${pid}/fd`).length,
        objects: objects.length,
      });
      if (this.#samples.length % samplesPerProbe === 0) {
        this.#live.push({ minute, ...(await probeLiveMemory(logFile)) });
      }
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
    const of = (read: (sample: Sample) => number): Slope => warmSlope(this.#samples, read);
    return {
      memory: of(({ memoryMiB }) => memoryMiB),
      live: warmSlope(this.#live, ({ heapMiB, externalMiB }) => heapMiB + externalMiB),
      descriptors: of(({ descriptors }) => descriptors),
      objects: of(({ objects }) => objects),
    };
  }

  /** The most that was seen. */
  peaks(): Omit<Sample, 'minute'> & { readonly liveMiB: number } {
    const max = (read: (sample: Sample) => number): number => Math.max(...this.#samples.map(read));
    return {
      memoryMiB: max(({ memoryMiB }) => memoryMiB),
      liveMiB: Math.max(...this.#live.map(({ heapMiB, externalMiB }) => heapMiB + externalMiB)),
      descriptors: max(({ descriptors }) => descriptors),
      objects: max(({ objects }) => objects),
    };
  }

  /** One line for each minute or so: means of what was measured in it, for people. */
  story(): readonly string[] {
    const minutes = new Set(this.#live.map(({ minute }) => Math.floor(minute)));
    return [...minutes].map((at) => {
      const within = ({ minute }: { readonly minute: number }): boolean =>
        Math.floor(minute) === at;
      const [samples, live] = [this.#samples.filter(within), this.#live.filter(within)];
      const memory = mean(samples.map(({ memoryMiB }) => memoryMiB));
      const heap = mean(live.map(({ heapMiB }) => heapMiB));
      const external = mean(live.map(({ externalMiB }) => externalMiB));
      return `minute ${at + 1}: ${memory} MiB resident; after a garbage collection ${heap} MiB of heap, ${external} MiB outside of it`;
    });
  }
}

function warmSlope<S extends { readonly minute: number }>(
  samples: readonly S[],
  read: (sample: S) => number,
): Slope {
  const warm = samples.slice(Math.ceil(samples.length / 3));
  return slopeOf(warm.map((sample) => ({ minute: sample.minute, value: read(sample) })));
}

function mean(values: readonly number[]): string {
  return (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(1);
}
