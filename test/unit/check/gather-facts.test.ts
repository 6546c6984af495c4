import { describe, expect, it } from '@jest/globals';
import { known } from '../../../src/check/fact.ts';
import { gatherFacts } from '../../../src/check/gather-facts.ts';
import type { CheckPorts } from '../../../src/check/ports.ts';
import { parseRaConfig } from '../../../src/config/ra-config.ts';
import { KubeApiError } from '../../../src/kube/api-error.ts';
import type { ObjectSelection } from '../../../src/kube/cluster-inspection.ts';
import { FakeClock } from '../../support/fake-clock.ts';

interface Scene {
  /** Objects by resource; an Error is thrown. */
  readonly objects?: Readonly<Record<string, readonly unknown[] | Error>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly version?: () => Promise<string>;
  readonly isWhole?: boolean;
}

const asked: ObjectSelection[] = [];

function ports({ objects = {}, files = {}, isWhole = true, ...scene }: Scene): CheckPorts {
  const inspection = {
    serverVersion: scene.version ?? (() => Promise.resolve('v1.34.1')),
    hasGroup: () => Promise.resolve(true),
    list: (selection: ObjectSelection) => {
      asked.push(selection);
      const items = objects[selection.resource] ?? [];
      return items instanceof Error ? Promise.reject(items) : Promise.resolve({ items, isWhole });
    },
  };
  const rest = { clockSkewMs: () => 0, clock: new FakeClock() };
  const readText = (path: string) => Promise.resolve(files[path]);
  return { ...rest, inspection, readText } as unknown as CheckPorts;
}

function gather(scene: Scene, env: Readonly<Record<string, string>> = {}) {
  const config = parseRaConfig({ flags: {}, env: { CERT_SIGNER_DOMAIN: 'a.example', ...env } });
  return gatherFacts(config, ports(scene), new AbortController().signal);
}

function apiError(status: number): KubeApiError {
  return new KubeApiError('scripted', { status, reason: '', verb: 'list', resource: 'things' });
}

const meshFile = { './etc/istio/config/mesh': 'trustDomain: file.example' };
const meshMap = { data: { mesh: 'trustDomain: map.example' } };

describe('gatherFacts', () => {
  it('prefers the file of the mesh config to the ConfigMap, as serve does', async () => {
    const both = await gather({ files: meshFile, objects: { configmaps: [meshMap] } });
    expect(known(both.mesh)).toMatchObject({ isConfigMap: false });
    expect(known(both.mesh).snapshot.config.trustDomain).toBe('file.example');
    const map = await gather({ objects: { configmaps: [meshMap] } }, { REVISION: 'canary' });
    expect(known(map.mesh).origin).toBe('the ConfigMap istio-system/istio-canary');
  });

  it('says that there is no ConfigMap with a mesh config', async () => {
    const { mesh } = await gather({});
    expect(mesh).toMatchObject({
      because: 'the ConfigMap istio-system/istio does not exist',
      reportedBy: 'mesh-config',
    });
  });

  it('reads what istiod and ztunnel run with', async () => {
    const container = { image: 'pilot', env: [{ name: 'CLUSTER_ID', value: 'east' }] };
    const pod = { spec: { containers: [container], serviceAccountName: 'z' } };
    const object = { metadata: { namespace: 'n', name: 'x' }, spec: { template: pod } };
    const facts = await gather({ objects: { deployments: [object], daemonsets: [object] } });
    expect(known(facts.istiods)).toMatchObject([{ env: { CLUSTER_ID: 'east' } }]);
    expect(known(facts.nodeAgents)).toMatchObject([{ serviceAccount: 'z' }]);
    expect(asked).toContainEqual(
      expect.objectContaining({ group: 'apps', labelSelector: 'app=istiod' }),
    );
  });

  it('takes a cluster without ProxyConfigs for one that has none of them', async () => {
    const objects = { proxyconfigs: apiError(404) };
    const { proxyConfigs, inputs } = await gather({ objects, files: meshFile });
    expect([known(proxyConfigs), inputs.kind]).toEqual([[], 'known']);
  });

  it.each([
    [403, false],
    [500, true],
  ])('after an answer of %d counts it as a fault: %s', async (status, isFault) => {
    const objects = { proxyconfigs: apiError(status) };
    const { proxyConfigs, inputs } = await gather({ objects, files: meshFile });
    expect(proxyConfigs).toMatchObject({ kind: 'unknown', isFault });
    expect(inputs.kind).toBe('unknown');
  });

  it('does not judge by half of the namespaces', async () => {
    expect((await gather({ isWhole: false })).namespaces).toMatchObject({ isFault: true });
  });

  it('asks a server that is away for nothing more', async () => {
    asked.length = 0;
    const version = () => Promise.reject(new Error('refused'));
    const facts = await gather({ version, files: meshFile });
    expect(asked).toEqual([]);
    expect(facts.pods).toMatchObject({ kind: 'unknown', isFault: false });
    expect(facts.mesh.kind).toBe('known');
  });

  it('knows of no roots for clients where no setting names any', async () => {
    const { clientRoots } = await gather({ files: meshFile });
    expect(known(clientRoots)).toEqual([]);
  });
});
