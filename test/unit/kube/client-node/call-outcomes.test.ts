import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeTransport } from '../../../../src/kube/client-node/transport.ts';
import type { CallOutcome } from '../../../../src/kube/client-node/transport.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { anAccess, LoopbackApi, sendStatus } from './loopback-api.ts';

const request = { verb: 'get', resource: 'pods', method: 'GET', path: '/api/v1/pods' } as const;
const never = new AbortController().signal;

let api: LoopbackApi;

beforeEach(async () => {
  api = await LoopbackApi.start();
});

afterEach(() => api[Symbol.asyncDispose]());

describe('who is told of calls', () => {
  async function outcomesOf(
    call: (watched: KubeTransport) => Promise<unknown>,
  ): Promise<readonly Partial<CallOutcome>[]> {
    const outcomes: Partial<CallOutcome>[] = [];
    const watched = new KubeTransport({
      access: anAccess(api.url),
      clock: new FakeClock(),
      userAgent: 'istio-ra/test',
      settings: { connections: 16, http2: false },
      onCall: ({ durationMs, ...outcome }) => {
        expect(durationMs).toBeGreaterThanOrEqual(0);
        outcomes.push(outcome);
      },
    });
    await call(watched).catch(() => undefined);
    await watched.close();
    return outcomes;
  }

  it('hears the status of each answer', async () => {
    expect(await outcomesOf((watched) => watched.call(request, never))).toEqual([
      { verb: 'get', resource: 'pods', status: 200, aborted: false },
    ]);
    api.answer = (_call, response) => {
      sendStatus(response, 403, 'Forbidden');
    };
    expect(await outcomesOf((watched) => watched.call(request, never))).toMatchObject([
      { status: 403, aborted: false },
    ]);
  });

  it('hears that no answer came, and whether we gave up ourselves', async () => {
    api.answer = (_call, response) => void response.destroy();
    const cut = await outcomesOf((watched) => watched.call({ ...request, method: 'POST' }, never));
    expect(cut).toMatchObject([{ status: undefined, aborted: false }]);
    const gone = new AbortController();
    api.answer = () => {
      gone.abort(new Error('enough'));
    };
    const given = await outcomesOf((watched) => watched.call(request, gone.signal));
    expect(given).toMatchObject([{ status: undefined, aborted: true }]);
  });
});
