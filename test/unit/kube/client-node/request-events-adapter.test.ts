import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubernetesApi } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import { connectTo, never } from './connected-api.ts';
import { LoopbackApi, sendJson, sendStatus } from './loopback-api.ts';

const request = { name: 'ra-1', uid: 'uid,1' };

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

function latestOf(...items: readonly unknown[]): Promise<string | undefined> {
  api.answer = (_call, response) => sendJson(response, 200, { items });
  return kubernetes.requestEvents.latest(request, never);
}

describe('the newest event of a request', () => {
  it('is looked for by the uid, where events about cluster-wide objects are kept', async () => {
    await latestOf();
    const { pathname, searchParams } = new URL(api.last.url, api.url);
    expect(pathname).toBe('/api/v1/namespaces/default/events');
    expect(searchParams.get('fieldSelector')).toBe(
      'involvedObject.kind=CertificateSigningRequest,involvedObject.name=ra-1,' +
        'involvedObject.uid=uid\\,1',
    );
  });

  it('is told by whichever time its writer has set', async () => {
    const latest = await latestOf(
      { reason: 'Second', message: 'b', lastTimestamp: '2026-01-01T00:00:02Z' },
      {
        reason: 'Fourth',
        message: 'd',
        series: { lastObservedTime: '2026-01-01T00:00:04.000001Z' },
      },
      { reason: 'Third', message: 'c', lastTimestamp: null, eventTime: '2026-01-01T00:00:03Z' },
      { reason: 'First', message: 'a', metadata: { creationTimestamp: '2026-01-01T00:00:01Z' } },
    );
    expect(latest).toBe('Fourth: d');
  });

  it.each([
    ['has only a reason', { reason: 'Why' }, 'Why'],
    ['has only a message', { message: 'because' }, 'because'],
    ['says nothing', {}, undefined],
  ])('may be one that %s', async (_what, event, told) => {
    await expect(latestOf(event)).resolves.toBe(told);
  });

  it('is undefined where there is none', async () => {
    await expect(latestOf()).resolves.toBeUndefined();
  });

  it('is an error where we may not read events', async () => {
    api.answer = (_call, response) => sendStatus(response, 403, 'Forbidden');
    await expect(kubernetes.requestEvents.latest(request, never)).rejects.toMatchObject({
      status: 403,
      resource: 'events',
    });
  });
});
