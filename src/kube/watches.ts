import type { Clock } from '../base/clock.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { StartContext } from '../base/start-stack.ts';
import { isForbidden } from './api-error.ts';
import type { ResourceSource } from './resource-source.ts';
import { SupervisedWatch } from './supervised-watch.ts';
import type { SupervisedWatchOptions } from './supervised-watch.ts';

/** What is watched, and what is fed by it. */
export type Feed<T> = Pick<SupervisedWatchOptions<T>, 'identify' | 'handlers'> & {
  readonly source: ResourceSource<T>;
};

type Entered = Pick<
  SupervisedWatch<unknown>,
  'lastActivityAt' | 'failures' | 'events' | 'synced' | 'lastError'
>;

/** How long a watch has been silent, how often it has failed in a row, and what it has brought. */
export interface WatchAge {
  readonly resource: string;
  readonly ageSeconds: number;
  readonly failures: number;
  readonly events: number;
}

/** The watches of the process: they run until it stops, and readiness and metrics ask for them. */
export class Watches {
  readonly #context: StartContext;
  readonly #clock: Clock;
  readonly #entered: {
    readonly resource: string;
    readonly watch: Entered;
    readonly enteredAt: number;
  }[] = [];

  constructor(context: StartContext) {
    this.#context = context;
    this.#clock = context.clock;
  }

  /** Starts a watch that feeds something, and returns what must hold before we may be called ready. */
  start<T>({ source, identify, handlers }: Feed<T>): ReadinessCheck {
    const { clock, random, log, started } = this.#context;
    const watch = new SupervisedWatch<T>({
      source,
      identify,
      handlers,
      clock,
      random,
      log: log.scope('kube'),
    });
    watch.start();
    started.defer(() => watch.stop());
    return this.enter(source.resource, watch);
  }

  /**
   * Enters a watch, once, that another part starts and stops. Returns what must hold before we may be
   * called ready: that the first list was read. A missing right is named, since only a person can mend it.
   */
  enter(resource: string, watch: Entered): ReadinessCheck {
    this.#entered.push({ resource, watch, enteredAt: this.#clock.monotonic() });
    return {
      name: `watch-${resource}`,
      notReadyBecause: () => {
        if (watch.synced) return undefined;
        const { lastError } = watch;
        if (isForbidden(lastError)) return `the right to list and watch ${resource} is missing`;
        const told = lastError instanceof Error ? `: ${lastError.message}` : '';
        return `${resource} have not been listed yet${told}`;
      },
    };
  }

  /** One for each resource: of several watches the one that is silent for longest, and all events. */
  ages(): readonly WatchAge[] {
    const now = this.#clock.monotonic();
    const byResource = new Map<string, WatchAge>();
    for (const { resource, watch, enteredAt } of this.#entered) {
      const ageSeconds = (now - (watch.lastActivityAt ?? enteredAt)) / 1000;
      const other = byResource.get(resource);
      const events = watch.events + (other?.events ?? 0);
      const isWorst = other === undefined || other.ageSeconds < ageSeconds;
      const worst = isWorst ? { resource, ageSeconds, failures: watch.failures } : other;
      byResource.set(resource, { ...worst, events });
    }
    return [...byResource.values()];
  }
}
