import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPair } from '../../src/pki/key-pair.ts';
import { TestAuthority } from '../support/test-authority.ts';
import {
  ContractWorld,
  metadataOf,
  nameOf,
  signerDomain,
  signerName,
} from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawAnswer, RawApi } from './support/raw-api.ts';

const path = '/apis/certificates.k8s.io/v1/clustertrustbundles';

let world: ContractWorld;
let roots: readonly [string, string];
let leaf: string;

beforeAll(async () => {
  world = await ContractWorld.open();
  const now = Date.now();
  const [one, two] = [await TestAuthority.make('one', now), await TestAuthority.make('two', now)];
  const { spkiDer } = await generateKeyPair('ecdsa-p256');
  roots = [one.certificatePem, two.certificatePem];
  leaf = await one.sign({
    ...{ subject: {}, spkiDer, isCa: false, uris: [], dnsNames: ['a.example'] },
    ...{ notBefore: now, notAfter: now + 60_000 },
    ...{ keyUsages: ['digitalSignature'], extendedKeyUsages: ['serverAuth'] },
  });
});

afterAll(async () => {
  if (process.env['CONTRACT_TRUST_BUNDLES'] !== '0') {
    await world.admin.send({ method: 'DELETE', path, query: { labelSelector: world.selector } });
  }
  await world[Symbol.asyncDispose]();
});

function newName(signer: string): string {
  const prefix = signer === '' ? '' : `${signer.replace('/', ':')}:`;
  return `${prefix}${world.newName('bundle')}`;
}

function create(spec: Json, name?: string, api: RawApi = world.admin): Promise<RawAnswer> {
  const signer = typeof spec['signerName'] === 'string' ? spec['signerName'] : '';
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'ClusterTrustBundle',
    metadata: { name: name ?? newName(signer), labels: world.labels },
    spec,
  };
  return api.send({ method: 'POST', path, body });
}

async function made(): Promise<Json> {
  const answer = await create({ signerName, trustBundle: roots[0] });
  expect(outcomeOf(answer)).toBe('201');
  return answer.json;
}

function put(bundle: Json, change: Json): Promise<RawAnswer> {
  const body = { ...bundle, ...change };
  return world.admin.send({ method: 'PUT', path: `${path}/${nameOf(bundle)}`, body });
}

describe('a ClusterTrustBundle [needs ClusterTrustBundles]', () => {
  it('is answered as it was sent', async () => {
    expect(await made()).toMatchObject({
      kind: 'ClusterTrustBundle',
      apiVersion: 'certificates.k8s.io/v1',
      spec: { signerName, trustBundle: roots[0] },
    });
  });

  it('may be of no signer', async () => {
    expect(outcomeOf(await create({ trustBundle: roots[0] }))).toBe('201');
  });

  it('is found by its signer', async () => {
    const bundle = await made();
    const query = { fieldSelector: `spec.signerName=${signerName}`, labelSelector: world.selector };
    const { json } = await world.admin.send({ path, query });
    const names = (json['items'] as readonly Json[]).map(nameOf);
    expect(names).toContain(nameOf(bundle));
  });

  it('may get other roots', async () => {
    const both = roots.join('');
    const answer = await put(await made(), { spec: { signerName, trustBundle: both } });
    expect(outcomeOf(answer)).toBe('200');
    expect(answer.json).toMatchObject({ spec: { trustBundle: both } });
  });

  it('stays with its signer', async () => {
    const spec = { signerName: `${signerDomain}/two`, trustBundle: roots[0] };
    const { json, status } = await put(await made(), { spec });
    expect(status).toBe(422);
    const { causes } = json['details'] as { readonly causes: readonly Json[] };
    expect(causes.map(({ field }) => field)).toContain('spec.signerName');
  });

  it('is not updated without a resourceVersion', async () => {
    const bundle = await made();
    const metadata = { ...metadataOf(bundle), resourceVersion: undefined };
    expect(outcomeOf(await put(bundle, { metadata }))).toBe(
      '422 Invalid metadata.resourceVersion=Invalid',
    );
  });
});

describe('the server refuses a ClusterTrustBundle [needs ClusterTrustBundles]', () => {
  const inBundle = '422 Invalid spec.trustBundle=Invalid';
  const pem = (type: string, body: string): string =>
    `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;

  it.each<[string, () => string]>([
    ['without certificates', () => 'nothing'],
    ['with the same root twice', () => `${roots[0]}${roots[0]}`],
    ['with a key', () => pem('PRIVATE KEY', 'AAAA')],
    ['with a certificate that is none', () => pem('CERTIFICATE', 'AAAA')],
    ['with the certificate of no authority', () => leaf],
  ])('%s', async (_, trustBundle) => {
    const answer = await create({ signerName, trustBundle: trustBundle() });
    expect(outcomeOf(answer)).toBe(inBundle);
  });

  it.each([
    ['whose name does not begin with that of its signer', { signerName }, 'roots'],
    ['of no signer with a colon in its name', {}, 'a:b'],
  ])('%s', async (_, spec, name) => {
    const answer = await create({ ...spec, trustBundle: roots[0] }, name);
    expect(outcomeOf(answer)).toBe('422 Invalid metadata.name=Invalid');
  });

  it('whose fields are of other types', async () => {
    expect(outcomeOf(await create({ trustBundle: 5 }))).toBe('400 BadRequest');
  });
});

describe('the right to attest [needs ClusterTrustBundles]', () => {
  const group = 'certificates.k8s.io';
  const bundles = { apiGroups: [group], resources: ['clustertrustbundles'], verbs: ['create'] };
  const signers = { apiGroups: [group], resources: ['signers'], verbs: ['attest'] };

  it.each([
    ['for the signer', [signerName], '201'],
    ['for all of its domain', [`${signerDomain}/*`], '201'],
    ['for another one', [`${signerDomain}/two`], '403 Forbidden'],
  ])('%s decides', async (_, resourceNames, outcome) => {
    const { api } = await world.account([bundles, { ...signers, resourceNames }]);
    const answer = await create({ signerName, trustBundle: roots[0] }, undefined, api);
    expect(outcomeOf(answer)).toBe(outcome);
  });

  it('is not asked for where there is no signer', async () => {
    const { api } = await world.account([bundles]);
    const answer = await create({ trustBundle: roots[0] }, undefined, api);
    expect(outcomeOf(answer)).toBe('201');
  });
});
