import type { Clock } from '../base/clock.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import type { HealthHistory, HealthReport, LoadSample } from './health-history.ts';

/** What is asked of the running parts; a part that does not run has no source. */
export interface HealthSources extends Pick<
  MetricsSources,
  'callsInFlight' | 'queue' | 'circuits' | 'watches' | 'signing' | 'leader'
> {
  /** How late the event loop is now, in milliseconds; undefined where it is not known. */
  readonly lagMs?: () => number | undefined;
}

export interface HealthView extends HealthReport {
  readonly now: number;
  readonly load: LoadSample;
  readonly readiness: readonly { readonly check: string; readonly notReadyBecause?: string }[];
  readonly circuits: readonly { readonly signer: string; readonly state: string }[] | undefined;
  readonly watches:
    | readonly {
        readonly resource: string;
        readonly ageSeconds: number;
        readonly failures: number;
      }[]
    | undefined;
  readonly signing: { readonly awaited: number; readonly removals: number } | undefined;
  readonly leader: boolean | undefined;
}

export interface HealthOptions {
  readonly sources: HealthSources;
  readonly readiness: readonly ReadinessCheck[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** How the process does, as it is now. A source that throws counts as absent. */
export class Health {
  readonly #options: HealthOptions;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  load(): LoadSample {
    const { queue, callsInFlight, lagMs } = this.#options.sources;
    const held = this.#ask(queue);
    return {
      waiting: held?.waiting,
      inFlight: held?.inFlight ?? this.#ask(callsInFlight),
      lagMs: this.#ask(lagMs),
    };
  }

  view(history: HealthHistory): HealthView {
    const { sources, readiness, clock } = this.#options;
    const circuits = this.#ask(sources.circuits);
    const watches = this.#ask(sources.watches);
    return {
      ...history.report(),
      now: clock.now(),
      load: this.load(),
      readiness: readiness.map((check) => {
        const notReadyBecause = check.notReadyBecause();
        return { check: check.name, ...(notReadyBecause === undefined ? {} : { notReadyBecause }) };
      }),
      circuits: circuits === undefined ? undefined : [...circuits],
      watches: watches === undefined ? undefined : [...watches],
      signing: this.#ask(sources.signing),
      leader: this.#ask(sources.leader),
    };
  }

  #ask<T>(source: (() => T) | undefined): T | undefined {
    try {
      return source?.();
    } catch (error) {
      this.#options.log.debug('a part did not say how it does', { error });
      return undefined;
    }
  }
}
