import type { Clock } from '../base/clock.ts';
import type { SupervisedWatch } from './supervised-watch.ts';

type Watched = Pick<SupervisedWatch<unknown>, 'lastActivityAt' | 'failures' | 'events'>;

/** How long a watch has been silent, how often it has failed in a row, and what it has brought. */
export interface WatchAge {
  readonly resource: string;
  readonly ageSeconds: number;
  readonly failures: number;
  readonly events: number;
}

/** The watches of the process, for the metrics. Each is entered once, when it starts. */
export class WatchAges {
  readonly #clock: Clock;
  readonly #watches: {
    readonly resource: string;
    readonly watch: Watched;
    readonly addedAt: number;
  }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(resource: string, watch: Watched): void {
    this.#watches.push({ resource, watch, addedAt: this.#clock.monotonic() });
  }

  /** One for each resource: of several watches the one that is silent for longest, and all events. */
  read(): readonly WatchAge[] {
    const now = this.#clock.monotonic();
    const byResource = new Map<string, WatchAge>();
    for (const { resource, watch, addedAt } of this.#watches) {
      const ageSeconds = (now - (watch.lastActivityAt ?? addedAt)) / 1000;
      const other = byResource.get(resource);
      const events = watch.events + (other?.events ?? 0);
      const isWorst = other === undefined || other.ageSeconds < ageSeconds;
      const worst = isWorst ? { resource, ageSeconds, failures: watch.failures } : other;
      byResource.set(resource, { ...worst, events });
    }
    return [...byResource.values()];
  }
}
