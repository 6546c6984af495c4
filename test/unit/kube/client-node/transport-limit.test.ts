import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { KubeTransport } from '../../../../src/kube/client-node/transport.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { never } from './connected-api.ts';
import { anAccess, LoopbackApi, sendJson, sendStatus } from './loopback-api.ts';

const request = { verb: 'get', resource: 'pods', method: 'GET', path: '/api/v1/pods' } as const;

let api: LoopbackApi;
let transport: KubeTransport;

beforeEach(async () => {
  api = await LoopbackApi.start();
  transport = new KubeTransport({
    access: anAccess(api.url),
    clock: new FakeClock(),
    userAgent: 'istio-ra/test',
    settings: { connections: 3, http2: false },
  });
});

afterEach(async () => {
  await transport.close();
  await api[Symbol.asyncDispose]();
});

describe('a call', () => {
  it('waits where as many as may are on their way', async () => {
    const held: ServerResponse[] = [];
    const arrived = new Promise<void>((resolve) => {
      api.answer = (_call, response) => {
        if (held.push(response) === 3) resolve();
      };
    });
    const calls = Promise.all(Array.from({ length: 30 }, () => transport.call(request, never)));
    await arrived;
    expect(transport.state).toMatchObject({ limit: 3, inFlight: 3, waiting: 27 });
    api.answer = (_call, response) => sendJson(response, 200, {});
    for (const response of held) sendJson(response, 200, {});
    await calls;
    expect(api.calls).toHaveLength(30);
    expect(transport.state).toMatchObject({ inFlight: 0, waiting: 0, isAway: false });
  });

  it('that is throttled makes fewer go at once', async () => {
    api.answer = (_call, response) => sendStatus(response, 429, 'TooManyRequests');
    await expect(transport.call(request, never)).rejects.toMatchObject({ status: 429 });
    expect(transport.state).toMatchObject({ limit: 2, throttled: 1, isAway: false });
  });

  it('does not keep a stream from being opened', async () => {
    let arrive: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    let held = 0;
    api.answer = ({ url }, response) => {
      if (url === '/watch') response.end('welcome');
      else if ((held += 1) === 3) arrive();
    };
    const calls = Array.from({ length: 10 }, () => transport.call(request, never));
    const ended = Promise.allSettled(calls);
    await arrived;
    const chunks = await Array.fromAsync(
      await transport.stream({ ...request, path: '/watch' }, never),
    );
    expect(chunks.join('')).toBe('welcome');
    await transport.close();
    await ended;
    expect(transport.state).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  it('tells the skew of the clocks by the date of its answer', async () => {
    api.answer = (_call, response) => {
      response.setHeader('date', new Date(Date.UTC(2026, 0, 1, 0, 2)).toUTCString());
      sendJson(response, 200, {});
    };
    await transport.call(request, never);
    expect(transport.state.clockSkewMs).toBe(120_500);
  });
});
