import { describe, expect, it } from '@jest/globals';
import { openRemoteCluster } from '../../../src/clusters/remote-cluster.ts';
import type { RemoteCluster } from '../../../src/clusters/remote-cluster.ts';
import type { KubernetesApi } from '../../../src/kube/client-node/connect-kubernetes.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { aMesh } from '../../support/orders.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const ztunnel = { namespace: 'istio-system', serviceAccount: 'ztunnel' };

interface Bench {
  readonly remote: RemoteCluster;
  readonly log: RecordingLogger;
  /** What was asked of the cluster's API, in order. */
  readonly asked: string[];
}

function open(trustedNodeAccounts: readonly (typeof ztunnel)[], closing?: Error): Bench {
  const asked: string[] = [];
  const log = new RecordingLogger();
  const list = (signal: AbortSignal): Promise<never> => {
    asked.push('list');
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  };
  const kubernetes = {
    podSource: () => ({ resource: 'pods', list }),
    close: () => {
      asked.push('close');
      return closing === undefined ? Promise.resolve() : Promise.reject(closing);
    },
  } as unknown as KubernetesApi;
  const scope = {
    id: 'east',
    aliases: [],
    allowedNamespaces: 'all',
    allowedSigners: 'all',
  } as const;
  const remote = openRemoteCluster({
    ...{ scope, kubernetes, trustedNodeAccounts, log, clock: new FakeClock(), random: () => 0 },
    mesh: { current: () => aMesh() },
  });
  return { remote, log, asked };
}

describe('a remote cluster', () => {
  it('has its pods watched where node accounts are trusted, until it is closed', async () => {
    const { remote, asked } = open([ztunnel]);
    await remote.close();

    expect(remote.nodeAuthorizer).toBeDefined();
    expect(asked).toEqual(['list', 'close']);
  });

  it('is asked for nothing, and lets nobody act for others, where none is', async () => {
    const { remote, asked } = open([]);
    await remote.close();

    expect(remote.nodeAuthorizer).toBeUndefined();
    expect(asked).toEqual(['close']);
  });

  it('is closed even where that fails, with a warning', async () => {
    const { remote, log } = open([], new Error('stuck'));

    await expect(remote.close()).resolves.toBeUndefined();
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { cluster: 'east' } }]);
  });
});
