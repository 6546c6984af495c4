import { beforeEach, describe, expect, it } from '@jest/globals';
import { RemoteClusters } from '../../../src/clusters/remote-clusters.ts';
import type { RemoteCluster } from '../../../src/clusters/remote-cluster.ts';
import { parseRemoteClusterScopes } from '../../../src/clusters/remote-cluster-scopes.ts';
import type { Cluster } from '../../../src/authn/cluster-registry.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const context = { signerDomain: 'a.example', localNames: ['local', 'lokal'] };
const scopes = parseRemoteClusterScopes(
  'clusters: [{ id: east, namespaces: [foo], signers: [foo, b.example/bar] }]',
  context,
);
const { signal } = new AbortController();

let log: RecordingLogger;
let remotes: RemoteClusters;
let known: readonly Cluster[];
let opened: string[];
let closed: string[];

beforeEach(() => {
  log = new RecordingLogger();
  [known, opened, closed] = [[], [], []];
  remotes = new RemoteClusters({
    scopes,
    log,
    onChange: (clusters) => {
      known = clusters;
    },
    open: (scope, kubeconfig): RemoteCluster => {
      if (kubeconfig === 'bad') throw new Error('no good');
      opened.push(kubeconfig);
      return {
        cluster: {
          ...scope,
          tokenReviews: { review: () => Promise.reject(new Error(`asked by ${kubeconfig}`)) },
        },
        pods: undefined,
        nodeAuthorizer: undefined,
        close: () => Promise.resolve(void closed.push(kubeconfig)),
      };
    },
  });
});

function aSecret(name: string, data: Record<string, string>, uid = `uid-of-${name}`): Secret {
  return { name, namespace: 'istio-system', uid, resourceVersion: '1', data };
}

/** Whom the one remote cluster is asked by, or why it is not asked. */
async function asked(): Promise<unknown> {
  const [east] = known;
  return east?.tokenReviews.review('t', [], signal).catch((error: unknown) => String(error));
}

describe('RemoteClusters', () => {
  it('knows a cluster that it cannot ask before the Secrets have been listed', async () => {
    await expect(asked()).resolves.toContain('have not been listed yet');
  });

  it('knows no cluster without a Secret once they have been', () => {
    remotes.onSynced();

    expect(known).toEqual([]);
  });

  it('gives a cluster the scope that the file has, whatever the Secret says', () => {
    remotes.onPut(aSecret('a', { east: 'one' }));

    expect(known).toMatchObject([
      {
        id: 'east',
        allowedNamespaces: new Set(['foo']),
        allowedSigners: new Set(['a.example/foo', 'b.example/bar']),
      },
    ]);
  });

  it('keeps what it has open while the kubeconfig is the same', () => {
    remotes.onPut(aSecret('a', { east: 'one' }));
    remotes.onPut(aSecret('a', { east: 'one', west: 'other' }));

    expect(opened).toEqual(['one']);
    expect(closed).toEqual([]);
  });

  it('closes what another kubeconfig has replaced', async () => {
    remotes.onPut(aSecret('a', { east: 'one' }));
    remotes.onPut(aSecret('a', { east: 'two' }));

    await expect(asked()).resolves.toContain('asked by two');
    expect(closed).toEqual(['one']);
  });

  it('asks a cluster no more whose new kubeconfig cannot be used', async () => {
    remotes.onPut(aSecret('a', { east: 'one' }));
    remotes.onPut(aSecret('a', { east: 'bad' }));

    await expect(asked()).resolves.toContain('its kubeconfig cannot be used');
    expect(closed).toEqual(['one']);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { cluster: 'east' } });
  });

  it('says once of a kubeconfig that it cannot be used', () => {
    for (const other of ['x', 'y']) remotes.onPut(aSecret('a', { east: 'bad', other }));

    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('takes the first by name of two Secrets for one cluster, and says so once', async () => {
    remotes.onPut(aSecret('b', { east: 'two' }));
    remotes.onPut(aSecret('a', { east: 'one' }));
    remotes.onPut(aSecret('a', { east: 'one' }));

    await expect(asked()).resolves.toContain('asked by one');
    expect(log.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { fields: { secret: 'b' } },
    ]);
  });

  it('forgets a cluster with its Secret, and falls back to another one', async () => {
    remotes.onSynced();
    remotes.onPut(aSecret('a', { east: 'one' }));
    remotes.onPut(aSecret('b', { east: 'two' }));
    remotes.onGone(aSecret('a', {}));
    await expect(asked()).resolves.toContain('asked by two');
    remotes.onGone(aSecret('b', {}));

    expect(known).toEqual([]);
    expect(closed).toEqual(['one', 'two']);
  });

  it('is not misled by a late word about a Secret of the same name', () => {
    remotes.onPut(aSecret('a', { east: 'one' }, 'new'));
    remotes.onGone(aSecret('a', {}, 'old'));

    expect(known).toHaveLength(1);
  });

  it('closes everything when it stops', async () => {
    remotes.onPut(aSecret('a', { east: 'one' }));
    await remotes.stop();

    expect(closed).toEqual(['one']);
  });
});

describe('the scopes of remote clusters', () => {
  it.each([
    ['', 'line 1: the field clusters is missing'],
    ['clusters: [{ id: a, namespaces: all }]', 'clusters[0]: the field signers is missing'],
    ['clusters: [{ id: a, namespaces: [], signers: all }]', 'must have 1 or more items'],
    ['clusters: [{ id: a, namespaces: most, signers: all }]', 'must be a list, or all'],
    ['clusters: [{ id: a, namespaces: all, signers: [a/b/c] }]', 'signers[0]: cannot be used'],
    ['clusters: [{ id: lokal, namespaces: all, signers: all }]', 'names another cluster already'],
    ['clusters: [{ id: "a,b", namespaces: all, signers: all }]', 'without commas'],
    ['clusters: [{ id: a, kubeconfig: x }]', 'clusters[0].kubeconfig: there is no such field'],
    [
      'clusters:\n- { id: a, namespaces: all, signers: all }\n- { id: b, aliases: [a], namespaces: all, signers: all }',
      'line 3, clusters[1].aliases[0]: names another cluster already',
    ],
  ])('%j are refused by place', (text, message) => {
    expect(() => parseRemoteClusterScopes(text, context)).toThrow(message);
  });

  it('that is too long is not called a policy', () => {
    const text = '#'.repeat(1_048_577);

    expect(() => parseRemoteClusterScopes(text, context)).toThrow(
      /^line 1: the file is longer than/,
    );
  });
});
