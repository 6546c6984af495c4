import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openMeshSource } from '../../../src/app/mesh-source.ts';
import type { MeshSourceSettings, OpenedMeshSource } from '../../../src/app/mesh-source.ts';
import { StartStack } from '../../../src/base/start-stack.ts';
import { KubeApiError } from '../../../src/kube/api-error.ts';
import type { ConfigMap } from '../../../src/kube/objects.ts';
import type { ResourceSource } from '../../../src/kube/resource-source.ts';
import { Watches } from '../../../src/kube/watches.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const minute = 60_000;
let clock: FakeClock;
let log: RecordingLogger;
let started: StartStack;
let directory: string;
let before: string;
/** What the API server has, by name; an error in place of it is what it answers with. */
let maps: Map<string, string | Error>;
let asked: string[];

beforeEach(async () => {
  clock = new FakeClock();
  log = new RecordingLogger();
  started = new StartStack();
  maps = new Map();
  asked = [];
  before = process.cwd();
  directory = await mkdtemp(join(tmpdir(), 'istio-ra-test-'));
  // What istiod looks for is named by paths that begin where it runs.
  process.chdir(directory);
});

afterEach(async () => {
  await started.stop();
  process.chdir(before);
  await rm(directory, { recursive: true });
});

function configMapSource(namespace: string, name: string): ResourceSource<ConfigMap> {
  asked.push(`${namespace}/${name}`);
  const version = { name, namespace, uid: `uid-of-${name}`, resourceVersion: '1' };
  return {
    resource: 'configmaps',
    list: () => {
      const found = maps.get(name);
      if (found instanceof Error) return Promise.reject(found);
      const items = found === undefined ? [] : [{ ...version, data: { mesh: found } }];
      return Promise.resolve({ items, resourceVersion: '1' });
    },
    watch: async function* (_options, signal) {
      yield { kind: 'heartbeat' };
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
    },
  };
}

const settings: MeshSourceSettings = {
  meshSource: {
    kind: 'found',
    path: './etc/istio/config/mesh',
    configMap: { namespace: 'istio-system', name: 'istio' },
  },
  sharedConfigMapName: undefined,
  trustUnboundRoots: false,
  podNamespace: 'istio-system',
};

function open(change: Partial<MeshSourceSettings> = {}): Promise<OpenedMeshSource> {
  const context = { clock, random: () => 0, log, started };
  return openMeshSource(
    { ...settings, ...change },
    { kubernetes: { configMapSource }, watches: new Watches(context), context },
  );
}

function missing({ readiness }: OpenedMeshSource): readonly string[] {
  return readiness.flatMap((check) => check.notReadyBecause() ?? []);
}

async function trustDomainOf(opened: OpenedMeshSource): Promise<string> {
  const known = opened.known();
  await clock.advance(100);
  return (await known).current().config.trustDomain;
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(directory, path, '..'), { recursive: true });
  await writeFile(join(directory, path), text);
}

describe('openMeshSource', () => {
  it('takes the file that it was told, and asks for no ConfigMap', async () => {
    await write('mesh.yaml', 'trustDomain: file.com');
    const opened = await open({ meshSource: { kind: 'file', path: 'mesh.yaml' } });
    expect(await trustDomainOf(opened)).toBe('file.com');
    expect(asked).toEqual([]);
  });

  it('takes the file where istiod has one, and asks for no ConfigMap', async () => {
    await write('etc/istio/config/mesh', 'trustDomain: mounted.com');
    expect(await trustDomainOf(await open())).toBe('mounted.com');
    expect(asked).toEqual([]);
  });

  it('asks for the ConfigMap where there is no file', async () => {
    maps.set('istio', 'trustDomain: map.com');
    const opened = await open();
    expect(await trustDomainOf(opened)).toBe('map.com');
    expect(asked).toEqual(['istio-system/istio']);
    expect(missing(opened)).toEqual([]);
  });

  it('lays either over the shared ConfigMap', async () => {
    maps.set('shared', 'trustDomain: shared.com');
    await write('mesh.yaml', 'rootNamespace: root');
    const path = 'mesh.yaml';
    const meshSource = { kind: 'file', path } as const;
    expect(await trustDomainOf(await open({ meshSource, sharedConfigMapName: 'shared' }))).toBe(
      'shared.com',
    );
  });

  it.each([
    ['is not there', undefined, 'cannot read the mesh config'],
    ['cannot be used', 'trustDomain: [', 'mesh config is not YAML'],
  ])('throws when the file that it was told %s', async (_what, text, problem) => {
    if (text !== undefined) await write('mesh.yaml', text);
    const opening = open({ meshSource: { kind: 'file', path: 'mesh.yaml' } });
    await expect(opening).rejects.toThrow(problem);
  });

  it('says which right is missing', async () => {
    const call = { verb: 'list', resource: 'configmaps', status: 403, reason: 'Forbidden' };
    maps.set('istio', new KubeApiError('no', call));
    const opened = await open();
    await settle();
    expect(missing(opened)).toContain('the right to list and watch configmaps is missing');
  });

  it('gives up after five minutes and says what was missing', async () => {
    const opened = await open({ sharedConfigMapName: 'shared' });
    const known = opened.known().catch((error: unknown) => String(error));
    await clock.advance(5 * minute);
    const problem = await known;
    expect(problem).toContain('there is no mesh config: ');
    expect(problem).toContain('ConfigMap istio-system/istio does not exist');
    expect(problem).toContain('ConfigMap istio-system/shared does not exist');
  });

  it('gives up when somebody wants the process to end', async () => {
    const stop = new AbortController();
    const known = (await open()).known(stop.signal);
    stop.abort(new Error('enough'));
    await expect(known).rejects.toThrow('enough');
    await started.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses the one root that istiod sends to everybody', async () => {
    await write('etc/external-ca-cert/root-cert.pem', 'x');
    await expect(open()).rejects.toThrow('caCertificates of the mesh config with the certSigners');
  });
});
