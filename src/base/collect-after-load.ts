import type { Clock, Timer } from './clock.ts';
import type { Stoppable } from './lifecycle.ts';
import type { StartStack } from './start-stack.ts';

export interface CollectAfterLoadOptions {
  readonly clock: Clock;
  /** CPU time that the process has used so far, milliseconds. */
  readonly cpuMs: () => number;
  /** Collects all garbage, which takes some 0.1 s. */
  readonly collect: () => void;
}

const windowMs = 10_000;
/** A window with so much CPU time was one of load, and one with so little is at rest. */
const loadCpuMs = 1_000;
const restCpuMs = 300;
/** Windows at rest, one after the other, before it is worth while. */
const restWindows = 3;

/**
 * Collects garbage once when half a minute of rest has followed a load or the start. V8 collects when it
 * needs room, so what a storm left would stay for as long as nobody asks: hours, with the memory that
 * OpenSSL and the HTTP/2 sessions behind it hold.
 */
export class CollectAfterLoad implements Stoppable {
  readonly #options: CollectAfterLoadOptions;
  #timer: Timer | undefined;
  #usedMs = 0;
  /** A start is a load: most of what it allocates is of no use afterwards. */
  #wasLoaded = true;
  #resting = 0;

  constructor(options: CollectAfterLoadOptions) {
    this.#options = options;
  }

  /** Begins to look; a second call does nothing. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#usedMs = this.#options.cpuMs();
    this.#schedule();
  }

  stop(): Promise<void> {
    this.#timer?.cancel();
    return Promise.resolve();
  }

  #schedule(): void {
    this.#timer = this.#options.clock.timer(windowMs, () => {
      this.#look();
      this.#schedule();
    });
  }

  #look(): void {
    const { cpuMs, collect } = this.#options;
    const spentMs = cpuMs() - this.#usedMs;
    this.#usedMs += spentMs;
    this.#wasLoaded ||= spentMs >= loadCpuMs;
    this.#resting = spentMs < restCpuMs ? this.#resting + 1 : 0;
    if (!this.#wasLoaded || this.#resting < restWindows) return;
    this.#wasLoaded = false;
    collect();
    // What that cost is no load.
    this.#usedMs = cpuMs();
  }
}

/**
 * Gives memory back after a load, where Node was told to hand out its collector (`--expose-gc`), as the
 * image does.
 */
export function collectGarbageAfterLoad(
  { clock, started }: { readonly clock: Clock; readonly started: StartStack },
  gc: NodeJS.GCFunction | undefined,
): void {
  if (gc === undefined) return;
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  };
  // V8's last resort collects until nothing more comes and gives back the pages; a plain one left 45 MiB
  // more after a storm.
  const collect = (): void => {
    gc({ type: 'major', flavor: 'last-resort' });
  };
  const collector = new CollectAfterLoad({ clock, cpuMs, collect });
  collector.start();
  started.defer(() => collector.stop());
}
