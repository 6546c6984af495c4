import type { PodIndex } from './pod-index.ts';
import type { Pod } from './pods.ts';
import type { ResourceSource } from './resource-source.ts';
import type { Feed } from './resource-feeds.ts';

/** What keeps an index of one cluster's pods up to date. */
export function podFeed(source: ResourceSource<Pod>, index: PodIndex): Feed<Pod> {
  return {
    source,
    identify: (pod) => pod,
    handlers: {
      onPut: (pod) => {
        index.put(pod);
      },
      onGone: ({ namespace = '', name, uid }) => {
        index.gone({ namespace, name, uid });
      },
    },
  };
}
