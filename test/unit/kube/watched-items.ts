import { KubeApiError } from '../../../src/kube/api-error.ts';
import { SupervisedWatch } from '../../../src/kube/supervised-watch.ts';
import type { SupervisedWatchOptions } from '../../../src/kube/supervised-watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { anItem, ScriptedSource } from './scripted-source.ts';
import type { Item } from './scripted-source.ts';

export function anError(
  status: number | undefined,
  reason = 'Whatever',
  retryAfterMs?: number,
): KubeApiError {
  const options = { status, reason, retryAfterMs, verb: 'watch', resource: 'items' };
  return new KubeApiError('refused', options);
}

/** A supervised watch over a scripted source, and what its handlers were told. */
export class WatchedItems {
  readonly clock = new FakeClock();
  readonly source = new ScriptedSource();
  readonly log = new RecordingLogger();
  readonly seen: string[] = [];
  /** What the random source gives. */
  random = 0.5;

  constructor() {
    this.source.lists = [{ items: [anItem('a', '5')], resourceVersion: '10' }];
  }

  watch(options: Partial<SupervisedWatchOptions<Item>> = {}): SupervisedWatch<Item> {
    const { clock, source, log, seen } = this;
    return new SupervisedWatch<Item>({
      source,
      identify: (item) => item,
      handlers: {
        onPut: ({ name, resourceVersion }) => seen.push(`put ${name} ${resourceVersion}`),
        onGone: ({ name, uid }) => seen.push(`gone ${name} ${uid}`),
        onSynced: () => seen.push('synced'),
      },
      clock,
      random: () => this.random,
      log,
      ...options,
    });
  }
}
