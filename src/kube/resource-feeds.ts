import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { StartStack } from '../base/start-stack.ts';
import { isForbidden } from './api-error.ts';
import type { ResourceSource } from './resource-source.ts';
import { SupervisedWatch } from './supervised-watch.ts';
import type { SupervisedWatchOptions } from './supervised-watch.ts';
import type { WatchAges } from './watch-ages.ts';

/** What every watch of the process is made with. */
export interface FeedContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly started: StartStack;
  /** Where each watch is entered, for the metrics. */
  readonly watches?: WatchAges | undefined;
}

/** What is watched, and what is fed by it. */
export type Feed<T> = Pick<SupervisedWatchOptions<T>, 'identify' | 'handlers'> & {
  readonly source: ResourceSource<T>;
};

/** Starts a watch that feeds something, and returns what must hold before we may be called ready. */
export function startFeed<T>(feed: Feed<T>, context: FeedContext): ReadinessCheck {
  const { clock, random, log, started, watches } = context;
  const watch = new SupervisedWatch<T>({ ...feed, clock, random, log: log.scope('kube') });
  watch.start();
  watches?.add(feed.source.resource, watch);
  started.defer(() => watch.stop());
  return watchCheck(feed.source.resource, watch);
}

/** Holds once the first list was read. A missing right is named, since only a person can mend it. */
export function watchCheck(
  resource: string,
  watch: Pick<SupervisedWatch<unknown>, 'synced' | 'lastError'>,
): ReadinessCheck {
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
