import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TlsMaterial } from '../../../../src/kube/client-node/credentials.ts';
import { KubeTransport } from '../../../../src/kube/client-node/transport.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { never } from './connected-api.ts';
import { LoopbackApi, sendJson } from './loopback-api.ts';
import { firstPair, secondPair } from './tls-pairs.ts';

const request = { verb: 'get', resource: 'pods', method: 'GET', path: '/api/v1/pods' } as const;

let api: LoopbackApi;
let tls: TlsMaterial;
let transport: KubeTransport;

beforeEach(async () => {
  api = await LoopbackApi.start(firstPair);
  tls = { ca: firstPair.cert };
  const credentials = () => Promise.resolve({ headers: {}, tls });
  transport = new KubeTransport({
    access: {
      server: api.url,
      origin: 'a test',
      namespace: undefined,
      credentials,
      renew: credentials,
    },
    clock: new FakeClock(),
    userAgent: 'istio-ra/test',
    settings: { connections: 4, http2: false },
  });
});

afterEach(async () => {
  await transport.close();
  await api[Symbol.asyncDispose]();
});

describe('connections over TLS', () => {
  it('are made where the CA signed for the server', async () => {
    await expect(transport.call(request, never)).resolves.toMatchObject({ status: 200 });
  });

  it('are refused where another CA did', async () => {
    tls = { ca: secondPair.cert };
    await expect(transport.call(request, never)).rejects.toMatchObject({
      name: 'KubeApiError',
      status: undefined,
      reason: 'ConnectionFailed',
    });
    expect(api.calls).toHaveLength(0);
  });

  it('are made anew when the CA changes, without a restart', async () => {
    await transport.call(request, never);
    api.useCertificate(secondPair);
    tls = { ca: secondPair.cert };
    await expect(transport.call(request, never)).resolves.toMatchObject({ status: 200 });
  });

  it('let the calls under way end when the CA changes', async () => {
    let finish: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      api.answer = (_call, response) => {
        finish = () => sendJson(response, 200, { slow: true });
        resolve();
      };
    });
    const slow = transport.call(request, never);
    await arrived;
    api.answer = (_call, response) => sendJson(response, 200, {});
    api.useCertificate(secondPair);
    tls = { ca: secondPair.cert };
    await transport.call(request, never);
    finish();
    await expect(slow).resolves.toMatchObject({ text: '{"slow":true}' });
  });
});
