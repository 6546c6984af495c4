import { describe, expect, it } from '@jest/globals';
import { reviewerFor } from '../../../src/check/reviewer.ts';
import { parseRaConfig } from '../../../src/config/ra-config.ts';
import { KubeApiError } from '../../../src/kube/api-error.ts';

const account = { namespace: 'mesh', name: 'ra' };
const question = { verb: 'create', group: '', resource: 'things' };
const ofPod = {
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  POD_NAMESPACE: 'mesh',
  SERVICE_ACCOUNT: 'ra',
};

interface Scene {
  /** What the API server says of who asks; absent: it is too old to say. */
  readonly username?: string;
  /** Besides the least that is to be set. */
  readonly env?: Readonly<Record<string, string>>;
}

/** By which question the answer was had: about ourselves, which anybody may ask, or about another. */
async function askedAbout({ username, env = {} }: Scene): Promise<string> {
  const asked: string[] = [];
  const note = (whom: string): Promise<boolean> => {
    asked.push(whom);
    return Promise.resolve(true);
  };
  const review = reviewerFor({
    account,
    config: parseRaConfig({ flags: {}, env: { CERT_SIGNER_DOMAIN: 'a.example', ...env } }),
    ports: {
      selfReviews: { username: () => Promise.resolve(username) },
      accessReviews: { can: () => note('ourselves') },
      inspection: { mayAccount: ({ namespace, name }) => note(`${namespace}/${name}`) },
    },
  });
  await review(question, new AbortController().signal);
  return asked.join();
}

describe('rights are asked for', () => {
  it('as ourselves where we are the account, and else for the account', async () => {
    const own = await askedAbout({ username: 'system:serviceaccount:mesh:ra' });
    const another = await askedAbout({ username: 'kubernetes-admin' });
    expect([own, another]).toEqual(['ourselves', 'mesh/ra']);
  });

  it('as ourselves in the pod of that account, where the API server cannot say who we are', async () => {
    expect(await askedAbout({ env: ofPod })).toBe('ourselves');
  });

  it.each([
    ['a kubeconfig is used', { ...ofPod, KUBECONFIG: 'config' }],
    ['the pod has another account', { ...ofPod, SERVICE_ACCOUNT: 'other' }],
    ['the pod is in another namespace', { ...ofPod, POD_NAMESPACE: 'other' }],
    ['nobody said which account the pod has', { ...ofPod, SERVICE_ACCOUNT: '' }],
    ['there is no pod', { POD_NAMESPACE: 'mesh', SERVICE_ACCOUNT: 'ra' }],
  ])('for the account where %s', async (_where, env) => {
    expect(await askedAbout({ env })).toBe('mesh/ra');
  });

  it('of nobody who may not ask: the check is skipped and says what to do', async () => {
    const error = new KubeApiError('no', {
      ...{ status: 403, reason: 'Forbidden', verb: 'create', resource: 'subjectaccessreviews' },
    });
    const review = reviewerFor({
      account,
      config: parseRaConfig({ flags: {}, env: { CERT_SIGNER_DOMAIN: 'a.example' } }),
      ports: {
        selfReviews: { username: () => Promise.resolve('somebody') },
        accessReviews: { can: () => Promise.resolve(true) },
        inspection: { mayAccount: () => Promise.reject(error) },
      },
    });
    await expect(review(question, new AbortController().signal)).rejects.toMatchObject({
      isFault: false,
      message: expect.stringContaining('run this in its pod'),
    });
  });
});
