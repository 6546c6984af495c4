import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What may still grow after the first cases: compiled code and caches with a bound. */
const maxGrowthMiB = 48;
const warmUpCases = 2_000;

/** Compares what is held after the first cases with what is held at the end. */
export class MemoryWatch {
  #before: number | undefined;

  /** To be told after each case. */
  afterCase(index: number): void {
    if (index === warmUpCases) this.#before = heldMiB();
  }

  /** Mebibytes that were gained; undefined after too few cases. Throws an Error where it is too much. */
  check(): number | undefined {
    if (this.#before === undefined) return undefined;
    const growth = heldMiB() - this.#before;
    if (growth > maxGrowthMiB)
      throw new Error(`${growth.toFixed(1)} MiB more are held than at first`);
    return growth;
  }
}

function heldMiB(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}
