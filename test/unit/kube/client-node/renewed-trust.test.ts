import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Credentials } from '../../../../src/kube/client-node/credentials.ts';
import { KubernetesResource } from '../../../../src/kube/client-node/resource-sources.ts';
import { KubeTransport } from '../../../../src/kube/client-node/transport.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { never } from './connected-api.ts';
import { LoopbackApi } from './loopback-api.ts';
import { firstPair, secondPair } from './tls-pairs.ts';

const request = { verb: 'get', resource: 'pods', method: 'GET', path: '/api/v1/pods' } as const;

let api: LoopbackApi;
let clock: FakeClock;
let current: Credentials;
let renewed: Credentials;
let transport: KubeTransport;

beforeEach(async () => {
  // The API server has its certificate of a new authority already.
  api = await LoopbackApi.start(secondPair);
  clock = new FakeClock();
  current = { headers: {}, tls: { ca: firstPair.cert } };
  renewed = { headers: {}, tls: { ca: secondPair.cert } };
  transport = new KubeTransport({
    access: {
      server: api.url,
      origin: 'a test',
      namespace: undefined,
      credentials: () => Promise.resolve(current),
      renew: () => {
        current = renewed;
        return Promise.resolve(current);
      },
    },
    clock,
    userAgent: 'istio-ra/test',
    settings: { connections: 4, http2: false },
  });
});

afterEach(async () => {
  await transport.close();
  await api[Symbol.asyncDispose]();
});

describe('a server whose authority was replaced', () => {
  it('is trusted as soon as the new bundle can be read: no call fails', async () => {
    await expect(transport.call(request, never)).resolves.toMatchObject({ status: 200 });
    expect(api.calls).toHaveLength(1);
  });

  it('is trusted for watches too', async () => {
    api.answer = (_call, response) => response.end('welcome');
    const chunks = await Array.fromAsync(await transport.stream(request, never));
    expect(chunks.join('')).toBe('welcome');
  });

  it('is not trusted where there is no new bundle', async () => {
    renewed = current;
    await expect(transport.call(request, never)).rejects.toMatchObject({
      name: 'KubeApiError',
      reason: 'ConnectionFailed',
    });
    expect(api.calls).toHaveLength(0);
  });

  it('is asked once only, where the new bundle does not vouch for it either', async () => {
    renewed = { headers: {}, tls: { ca: firstPair.cert } };
    await expect(transport.call(request, never)).rejects.toMatchObject({
      reason: 'ConnectionFailed',
    });
  });
});

describe('a watch', () => {
  async function secondsAskedFor(): Promise<string | null> {
    current = renewed;
    api.answer = (_call, response) => response.end();
    const source = new KubernetesResource({
      transport,
      prefix: '',
      path: '/api/v1/pods',
      resource: 'pods',
      parse: (raw) => raw,
    });
    await Array.fromAsync(source.watch({ resourceVersion: '1', timeoutSeconds: 270 }, never));
    return new URL(api.last.url, api.url).searchParams.get('timeoutSeconds');
  }

  it.each([
    ['as long as it should where the token names no end', undefined, '270'],
    ['as long as it should where the token lasts longer', 3_600_000, '270'],
    ['until ten seconds before the token ends', 100_500, '90'],
    ['ten seconds where the token seems to have ended', -5_000, '10'],
  ])('lasts %s', async (_what, lastsMs, expected) => {
    const expiresAt = lastsMs === undefined ? undefined : clock.now() + lastsMs;
    renewed = { ...renewed, expiresAt };
    await expect(secondsAskedFor()).resolves.toBe(expected);
  });
});
