import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isUnauthorized,
} from '../../src/kube/api-error.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import type { SigningRequestDraft } from '../../src/kube/signing-requests.ts';
import { TestAuthority } from '../support/test-authority.ts';
import { connectAdapters } from './support/adapters.ts';
import { ContractWorld, csrsPath, everyUsage, signerName } from './support/contract-world.ts';
import type { Account } from './support/contract-world.ts';

let world: ContractWorld;
let account: Account;
let kubernetes: KubernetesApi;
let deadline: AbortSignal;

const group = ['certificates.k8s.io'];
const rules = [
  {
    apiGroups: group,
    resources: ['certificatesigningrequests'],
    verbs: ['get', 'list', 'watch', 'create', 'delete', 'deletecollection'],
  },
  { apiGroups: group, resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
  { apiGroups: group, resources: ['signers'], resourceNames: [signerName], verbs: ['approve'] },
];

beforeAll(async () => {
  world = await ContractWorld.open();
  account = await world.account(rules);
  kubernetes = await connectAdapters(world.server, account.token);
});

afterAll(async () => {
  await kubernetes.close();
  await world[Symbol.asyncDispose]();
});

beforeEach(() => {
  deadline = AbortSignal.timeout(10_000);
});

function aDraft(change: Partial<SigningRequestDraft> = {}): SigningRequestDraft {
  return {
    name: world.newName('csr'),
    labels: world.labels,
    annotations: {},
    signerName,
    requestPem: world.requestPem,
    usages: everyUsage,
    expirationSeconds: 3600,
    ...change,
  };
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  return undefined;
}

const approval = { reason: 'Test', message: 'by a test' };

describe('the adapter of signing requests', () => {
  it('creates what it was given, under the account', async () => {
    const draft = aDraft({ annotations: { a: 'b' } });
    await expect(kubernetes.signingRequests.create(draft, deadline)).resolves.toMatchObject({
      ...draft,
      username: account.username,
      conditions: [],
      certificatePem: undefined,
    });
  });

  it('does not create twice', async () => {
    const draft = aDraft();
    await kubernetes.signingRequests.create(draft, deadline);
    const error = await thrownBy(kubernetes.signingRequests.create(draft, deadline));
    expect(isAlreadyExists(error)).toBe(true);
  });

  it('tells what the server finds wrong', async () => {
    const draft = aDraft({ expirationSeconds: 60 });
    await expect(kubernetes.signingRequests.create(draft, deadline)).rejects.toMatchObject({
      name: 'KubeApiError',
      status: 422,
      reason: 'Invalid',
    });
  });

  it('approves', async () => {
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    const approved = await kubernetes.signingRequests.approve(created, approval, deadline);
    expect(approved.conditions).toEqual([{ type: 'Approved', status: 'True', ...approval }]);
  });

  it('does not approve what has changed meanwhile', async () => {
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    await kubernetes.signingRequests.approve(created, approval, deadline);
    const error = await thrownBy(kubernetes.signingRequests.approve(created, approval, deadline));
    expect(isConflict(error)).toBe(true);
  });

  it('does not approve for a signer without the right to it', async () => {
    const draft = aDraft({ signerName: 'foreign.istio-ra.test/one' });
    const created = await kubernetes.signingRequests.create(draft, deadline);
    const error = await thrownBy(kubernetes.signingRequests.approve(created, approval, deadline));
    expect(isForbidden(error)).toBe(true);
  });

  it('approves what it has from a list', async () => {
    const labels = { ...world.labels, listed: world.newName() };
    await kubernetes.signingRequests.create(aDraft({ labels }), deadline);
    const [listed] = await kubernetes.signingRequests.list(`listed=${labels.listed}`, deadline);
    if (listed === undefined) throw new Error('the list is empty');
    await expect(
      kubernetes.signingRequests.approve(listed, approval, deadline),
    ).resolves.toMatchObject({ name: listed.name });
  });

  it('reads the certificate that the signer has set', async () => {
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    const { certificatePem } = await TestAuthority.make('contract', Date.now());
    const certificate = Buffer.from(certificatePem).toString('base64');
    await world.admin.send({
      method: 'PATCH',
      path: `${csrsPath}/${created.name}/status`,
      body: { status: { certificate } },
      contentType: 'application/merge-patch+json',
    });
    await expect(kubernetes.signingRequests.read(created.name, deadline)).resolves.toMatchObject({
      certificatePem,
    });
  });

  it('reads nothing where there is nothing', async () => {
    await expect(kubernetes.signingRequests.read('absent', deadline)).resolves.toBeUndefined();
  });

  it('removes', async () => {
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    await expect(kubernetes.signingRequests.remove(created, deadline)).resolves.toBe('removed');
    await expect(kubernetes.signingRequests.remove(created, deadline)).resolves.toBe(
      'already_gone',
    );
  });

  it('does not remove another object of that name', async () => {
    const { name } = await kubernetes.signingRequests.create(aDraft(), deadline);
    const other = { name, uid: '00000000-0000-0000-0000-000000000000' };
    await expect(kubernetes.signingRequests.remove(other, deadline)).resolves.toBe('already_gone');
    await expect(kubernetes.signingRequests.read(name, deadline)).resolves.toBeDefined();
  });

  it('removes at once all that a label selects, and tells which these were', async () => {
    const batch = world.newName('batch');
    const labels = { ...world.labels, batch };
    const made = await Promise.all([
      kubernetes.signingRequests.create(aDraft({ labels }), deadline),
      kubernetes.signingRequests.create(aDraft({ labels }), deadline),
    ]);
    const other = await kubernetes.signingRequests.create(aDraft(), deadline);
    const removed = await kubernetes.signingRequests.removeAll(`batch=${batch}`, deadline);
    expect(removed).toEqual(new Set(made.map(({ uid }) => uid)));
    await expect(kubernetes.signingRequests.list(world.selector, deadline)).resolves.toContainEqual(
      expect.objectContaining({ uid: other.uid }),
    );
    await expect(kubernetes.signingRequests.list(`batch=${batch}`, deadline)).resolves.toEqual([]);
  });

  it('removes nothing where no label selects anything', async () => {
    const selector = `batch=${world.newName('batch')}`;
    const removed = await kubernetes.signingRequests.removeAll(selector, deadline);
    expect(removed.size).toBe(0);
  });

  it('tells that the token is not good', async () => {
    const stranger = await connectAdapters(world.server, 'garbage');
    const error = await thrownBy(stranger.signingRequests.read('x', deadline));
    await stranger.close();
    expect(isUnauthorized(error)).toBe(true);
  });
});
