import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isConflict, isForbidden } from '../../src/kube/api-error.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import { TestAuthority } from '../support/test-authority.ts';
import { connectAdapters } from './support/adapters.ts';
import { ContractWorld, signerDomain, signerName } from './support/contract-world.ts';

const label = 'istio-ra-contract-bundle';

let world: ContractWorld;
let kubernetes: KubernetesApi;
let deadline: AbortSignal;
let roots: readonly [string, string];

const rules = [
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['clustertrustbundles'],
    verbs: ['list', 'create', 'patch', 'delete'],
  },
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    resourceNames: [signerName],
    verbs: ['attest'],
  },
];

beforeAll(async () => {
  world = await ContractWorld.open();
  kubernetes = await connectAdapters(world.server, (await world.account(rules)).token);
  const made = ['one', 'two'].map(async (name) => {
    const { certificatePem } = await TestAuthority.make(name, Date.now());
    return certificatePem;
  });
  roots = (await Promise.all(made)) as [string, string];
});

afterAll(async () => {
  await kubernetes.close();
  await world[Symbol.asyncDispose]();
});

beforeEach(() => {
  deadline = AbortSignal.timeout(10_000);
});

function aDraft(signer = signerName) {
  const name = `${signer.replace('/', ':')}:${world.newName('bundle')}`;
  const labels = { [label]: world.namespace };
  return { name, signerName: signer, labels, trustBundle: roots[0] };
}

async function found(name: string) {
  const all = await kubernetes.clusterTrustBundles.list(`${label}=${world.namespace}`, deadline);
  return all.find((bundle) => bundle.name === name);
}

describe('the adapter of ClusterTrustBundles [needs ClusterTrustBundles]', () => {
  it('finds that the server has them', async () => {
    await expect(kubernetes.clusterTrustBundles.isServed(deadline)).resolves.toBe(true);
  });

  it('makes one, and changes it', async () => {
    const draft = aDraft();
    await kubernetes.clusterTrustBundles.apply(draft, deadline);
    const { name, signerName: signer, trustBundle } = draft;
    expect(await found(name)).toMatchObject({ signerName: signer, trustBundle, isOurs: true });
    const both = roots.join('');
    await kubernetes.clusterTrustBundles.apply({ ...draft, trustBundle: both }, deadline);
    expect(await found(name)).toMatchObject({ trustBundle: both });
  });

  it('removes one in the state that was seen, and no other', async () => {
    const draft = aDraft();
    await kubernetes.clusterTrustBundles.apply(draft, deadline);
    const old = await found(draft.name);
    await kubernetes.clusterTrustBundles.apply({ ...draft, trustBundle: roots[1] }, deadline);
    const now = await found(draft.name);
    if (old === undefined || now === undefined) throw new Error('it is not there');
    const error: unknown = await kubernetes.clusterTrustBundles
      .remove(old, deadline)
      .catch((thrown: unknown) => thrown);
    expect(isConflict(error)).toBe(true);
    await kubernetes.clusterTrustBundles.remove(now, deadline);
    expect(await found(draft.name)).toBeUndefined();
  });

  it('makes none for a signer that the account may not attest for', async () => {
    const work = kubernetes.clusterTrustBundles.apply(aDraft(`${signerDomain}/two`), deadline);
    await expect(work.catch(isForbidden)).resolves.toBe(true);
  });
});

describe('the adapter of a server without ClusterTrustBundles [needs no ClusterTrustBundles]', () => {
  it('finds that it has none', async () => {
    await expect(kubernetes.clusterTrustBundles.isServed(deadline)).resolves.toBe(false);
  });
});
