import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubernetesApi } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import { connectTo, never } from './connected-api.ts';
import { LoopbackApi, sendJson, sendStatus } from './loopback-api.ts';

let api: LoopbackApi;
let kubernetes: KubernetesApi;

beforeEach(async () => {
  api = await LoopbackApi.start();
  kubernetes = connectTo(api.url);
});

afterEach(async () => {
  await kubernetes.close();
  await api[Symbol.asyncDispose]();
});

describe('a token review', () => {
  const verdict = {
    authenticated: true,
    user: {
      username: 'system:serviceaccount:foo:httpbin',
      uid: 'u-1',
      groups: ['system:serviceaccounts'],
      extra: { 'authentication.kubernetes.io/pod-name': ['httpbin-1'] },
    },
    audiences: ['istio-ca'],
  };

  it('asks about the token for the audiences', async () => {
    api.answer = (_call, response) => sendJson(response, 201, { status: verdict });
    await kubernetes.tokenReviews.review('a-token', ['istio-ca'], never);
    expect(api.last).toMatchObject({
      method: 'POST',
      url: '/apis/authentication.k8s.io/v1/tokenreviews',
    });
    expect(JSON.parse(api.last.body)).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: 'a-token', audiences: ['istio-ca'] },
    });
  });

  it('gives all that the API says of a good token', async () => {
    api.answer = (_call, response) => sendJson(response, 201, { status: verdict });
    await expect(kubernetes.tokenReviews.review('t', ['istio-ca'], never)).resolves.toEqual({
      authenticated: true,
      error: undefined,
      username: 'system:serviceaccount:foo:httpbin',
      uid: 'u-1',
      groups: ['system:serviceaccounts'],
      audiences: ['istio-ca'],
      extra: { 'authentication.kubernetes.io/pod-name': ['httpbin-1'] },
    });
  });

  it.each([
    ['refuses the token', { authenticated: false, error: 'expired' }, false, 'expired'],
    ['says nothing', {}, false, undefined],
    ['says yes in the wrong type', { authenticated: 'true' }, false, undefined],
  ])('is not authenticated when the API %s', async (_what, status, authenticated, error) => {
    api.answer = (_call, response) => sendJson(response, 201, { status });
    const result = await kubernetes.tokenReviews.review('t', ['istio-ca'], never);
    expect(result).toMatchObject({ authenticated, error, username: undefined, groups: [] });
  });

  it('throws when the answer has no verdict', async () => {
    api.answer = (_call, response) => sendJson(response, 201, { spec: {} });
    await expect(kubernetes.tokenReviews.review('t', [], never)).rejects.toMatchObject({
      reason: 'BadAnswer',
    });
  });

  it('does not show the token in its errors', async () => {
    api.answer = (_call, response) => sendStatus(response, 500, 'InternalError');
    const error: unknown = await kubernetes.tokenReviews
      .review('a-secret-token', ['istio-ca'], never)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 500 });
    expect(String((error as Error).stack)).not.toContain('a-secret-token');
  });
});

describe('an access review', () => {
  const question = {
    verb: 'approve',
    group: 'certificates.k8s.io',
    resource: 'signers',
    name: 'a/b',
  };

  it.each([
    [{ allowed: true }, true],
    [{ allowed: false, reason: 'no rule' }, false],
    [{}, false],
  ])('of %j is %s', async (status, allowed) => {
    api.answer = (_call, response) => sendJson(response, 201, { status });
    await expect(kubernetes.accessReviews.can(question, never)).resolves.toBe(allowed);
    expect(JSON.parse(api.last.body)).toMatchObject({ spec: { resourceAttributes: question } });
  });

  it('throws when the answer has no verdict', async () => {
    api.answer = (_call, response) => sendJson(response, 201, {});
    await expect(kubernetes.accessReviews.can(question, never)).rejects.toMatchObject({
      reason: 'BadAnswer',
    });
  });
});
