import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContractWorld } from './support/contract-world.ts';
import { without } from './support/raw-api.ts';
import type { Json } from './support/raw-api.ts';

let world: ContractWorld;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

async function get(path: string): Promise<Json> {
  return (await world.admin.send({ path })).json;
}

const everyVerb = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
const partVerbs = ['get', 'patch', 'update'];

/** Entries without what only the real server's own storage tells. */
async function resourcesOf(groupVersion: string): Promise<ReadonlyMap<string, Json>> {
  const root = groupVersion.includes('/') ? '/apis' : '/api';
  const { resources } = await get(`${root}/${groupVersion}`);
  return new Map(
    (resources as readonly Json[]).map((entry) => [
      String(entry['name']),
      without(entry, 'storageVersionHash', 'categories'),
    ]),
  );
}

describe('the discovery documents', () => {
  it('name the versions of the core group', async () => {
    await expect(get('/api')).resolves.toMatchObject({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: expect.any(String) }],
    });
  });

  it.each([
    'authentication.k8s.io',
    'authorization.k8s.io',
    'certificates.k8s.io',
    'coordination.k8s.io',
  ])('name the group %s', async (name) => {
    const list = await get('/apis');
    expect(list).toMatchObject({ kind: 'APIGroupList', apiVersion: 'v1' });
    const v1 = { groupVersion: `${name}/v1`, version: 'v1' };
    expect(list['groups']).toContainEqual({ name, versions: [v1], preferredVersion: v1 });
    await expect(get(`/apis/${name}`)).resolves.toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name,
      versions: [v1],
      preferredVersion: v1,
    });
  });

  it('name the group of ProxyConfig in v1beta1', async () => {
    await expect(get('/apis/networking.istio.io')).resolves.toMatchObject({
      versions: expect.arrayContaining([
        { groupVersion: 'networking.istio.io/v1beta1', version: 'v1beta1' },
      ]),
    });
  });

  it('list the resources of a version under its name', async () => {
    await expect(get('/apis/certificates.k8s.io/v1')).resolves.toMatchObject({
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: 'certificates.k8s.io/v1',
    });
  });

  it('list the resources of the core group under its name', async () => {
    const list = await get('/api/v1');
    expect(list).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' });
  });
});

describe('the entry of', () => {
  const cases: readonly (readonly [string, string, Json])[] = [
    [
      'certificates.k8s.io/v1',
      'certificatesigningrequests',
      {
        singularName: 'certificatesigningrequest',
        namespaced: false,
        kind: 'CertificateSigningRequest',
        shortNames: ['csr'],
        verbs: everyVerb,
      },
    ],
    ...['approval', 'status'].map(
      (part) =>
        [
          'certificates.k8s.io/v1',
          `certificatesigningrequests/${part}`,
          {
            singularName: '',
            namespaced: false,
            kind: 'CertificateSigningRequest',
            verbs: partVerbs,
          },
        ] as const,
    ),
    [
      'authentication.k8s.io/v1',
      'tokenreviews',
      { singularName: 'tokenreview', namespaced: false, kind: 'TokenReview', verbs: ['create'] },
    ],
    [
      'authorization.k8s.io/v1',
      'selfsubjectaccessreviews',
      {
        singularName: 'selfsubjectaccessreview',
        namespaced: false,
        kind: 'SelfSubjectAccessReview',
        verbs: ['create'],
      },
    ],
    [
      'coordination.k8s.io/v1',
      'leases',
      { singularName: 'lease', namespaced: true, kind: 'Lease', verbs: everyVerb },
    ],
    [
      'v1',
      'pods',
      { singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'], verbs: everyVerb },
    ],
    [
      'v1',
      'configmaps',
      {
        singularName: 'configmap',
        namespaced: true,
        kind: 'ConfigMap',
        shortNames: ['cm'],
        verbs: everyVerb,
      },
    ],
    [
      'v1',
      'secrets',
      { singularName: 'secret', namespaced: true, kind: 'Secret', verbs: everyVerb },
    ],
    [
      'v1',
      'services',
      {
        singularName: 'service',
        namespaced: true,
        kind: 'Service',
        shortNames: ['svc'],
        verbs: everyVerb,
      },
    ],
    [
      'v1',
      'namespaces',
      {
        singularName: 'namespace',
        namespaced: false,
        kind: 'Namespace',
        shortNames: ['ns'],
        verbs: everyVerb.filter((verb) => verb !== 'deletecollection'),
      },
    ],
    [
      'v1',
      'serviceaccounts/token',
      {
        singularName: '',
        namespaced: true,
        group: 'authentication.k8s.io',
        version: 'v1',
        kind: 'TokenRequest',
        verbs: ['create'],
      },
    ],
  ];

  it.each(cases)('%s %s says what it is and takes', async (groupVersion, name, entry) => {
    const found = (await resourcesOf(groupVersion)).get(name);
    const { verbs, ...others } = found ?? {};
    const { verbs: expected, ...expectedOthers } = entry;
    expect(others).toEqual({ name, ...expectedOthers });
    expect((verbs as readonly string[]).toSorted()).toEqual(expected);
  });

  it('ProxyConfigs says what they are and take', async () => {
    const found = (await resourcesOf('networking.istio.io/v1beta1')).get('proxyconfigs');
    expect(found).toMatchObject({
      singularName: 'proxyconfig',
      namespaced: true,
      kind: 'ProxyConfig',
    });
    expect((found?.['verbs'] as readonly string[]).toSorted()).toEqual(everyVerb);
  });
});
