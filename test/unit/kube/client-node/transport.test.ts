import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { KubeApiError } from '../../../../src/kube/api-error.ts';
import type { ConnectionSettings } from '../../../../src/kube/client-node/connections.ts';
import type { ClusterAccess } from '../../../../src/kube/client-node/kubeconfig.ts';
import { KubeTransport } from '../../../../src/kube/client-node/transport.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { anAccess, bearer, LoopbackApi, sendJson, sendStatus } from './loopback-api.ts';

const request = { verb: 'get', resource: 'pods', method: 'GET', path: '/api/v1/pods' } as const;
const never = new AbortController().signal;

let api: LoopbackApi;
let transport: KubeTransport;

function aTransport(
  access: ClusterAccess,
  settings: Partial<ConnectionSettings> = {},
): KubeTransport {
  return new KubeTransport({
    access,
    clock: new FakeClock(),
    userAgent: 'istio-ra/test',
    settings: { connections: 16, http2: false, ...settings },
  });
}

async function refusal(signal = never): Promise<KubeApiError> {
  const error: unknown = await transport.call(request, signal).catch((thrown: unknown) => thrown);
  if (error instanceof KubeApiError) return error;
  throw new Error('expected a KubeApiError', { cause: error });
}

beforeEach(async () => {
  api = await LoopbackApi.start();
  transport = aTransport(anAccess(api.url));
});

afterEach(async () => {
  await transport.close();
  await api[Symbol.asyncDispose]();
});

describe('a call', () => {
  it('carries credentials, our name and the body', async () => {
    await transport.call({ ...request, method: 'POST', body: '{}' }, never);
    expect(api.last).toMatchObject({
      method: 'POST',
      url: '/api/v1/pods',
      body: '{}',
      headers: {
        accept: 'application/json',
        authorization: 'Bearer first',
        'content-type': 'application/json',
        'user-agent': 'istio-ra/test',
      },
    });
  });

  it('shares connections with the calls before it', async () => {
    for (let call = 0; call < 20; call += 1) await transport.call(request, never);
    expect(api.connections).toBeLessThanOrEqual(2);
  });

  it('keeps its connection, even when it is a DELETE with a body', async () => {
    const remove = { ...request, method: 'DELETE', body: '{}' } as const;
    for (let call = 0; call < 20; call += 1) await transport.call(remove, never);
    expect(api.connections).toBeLessThanOrEqual(2);
  });
});

describe('a call that is aborted', () => {
  const tooLate = new Error('too late');

  it('rejects at once with the reason and gives up its connection', async () => {
    const controller = new AbortController();
    const gone = new Promise((resolve) => {
      api.answer = (_call, response) => {
        response.on('close', resolve);
        controller.abort(tooLate);
      };
    });
    await expect(transport.call(request, controller.signal)).rejects.toBe(tooLate);
    await gone;
    expect(api.calls).toHaveLength(1);
  });

  it('is not sent when it was aborted before', async () => {
    await expect(transport.call(request, AbortSignal.abort(tooLate))).rejects.toBe(tooLate);
    expect(api.calls).toHaveLength(0);
  });

  it('is not sent when it was aborted while it waited for a connection', async () => {
    await transport.close();
    transport = aTransport(anAccess(api.url), { connections: 1 });
    const controller = new AbortController();
    api.answer = (_call, response) => {
      controller.abort(tooLate);
      setImmediate(() => sendJson(response, 200, {}));
    };
    const first = transport.call(request, never);
    const queued = transport.call({ ...request, path: '/queued' }, controller.signal);
    await expect(queued).rejects.toBe(tooLate);
    await first;
    api.answer = (_call, response) => sendJson(response, 200, {});
    await transport.call({ ...request, path: '/later' }, never);
    expect(api.calls.map((call) => call.url)).toEqual(['/api/v1/pods', '/later']);
  });
});

describe('an answer outside 200-299', () => {
  it('is an error with the status, reason and message of the API', async () => {
    api.answer = (_call, response) => sendStatus(response, 409, 'AlreadyExists');
    expect(await refusal()).toMatchObject({
      status: 409,
      reason: 'AlreadyExists',
      message: 'cannot get pods: told: AlreadyExists',
      verb: 'get',
      resource: 'pods',
    });
  });

  it.each([
    ['in seconds', '7', 7000],
    ['as a date', new Date(Date.UTC(2026, 0, 1, 0, 0, 9)).toUTCString(), 9000],
    ['in the past', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['as nonsense', 'soon', undefined],
  ])('tells when to come again %s', async (_how, header, expected) => {
    api.answer = (_call, response) => {
      response.writeHead(429, { 'retry-after': header });
      response.end('slow down');
    };
    expect((await refusal()).retryAfterMs).toBe(expected);
  });

  it('tells when to come again in the details of a Status', async () => {
    api.answer = (_call, response) =>
      sendJson(response, 504, { reason: 'Timeout', details: { retryAfterSeconds: 2 } });
    expect((await refusal()).retryAfterMs).toBe(2000);
  });

  it('may be HTML from a proxy', async () => {
    api.answer = (_call, response) => {
      response.writeHead(502);
      response.end('<html>Bad Gateway</html>');
    };
    expect(await refusal()).toMatchObject({ status: 502, reason: 'Unknown' });
  });

  it('is not followed when it is a redirect', async () => {
    api.answer = (_call, response) => {
      response.writeHead(302, { location: `${api.url}/elsewhere` });
      response.end();
    };
    expect(await refusal()).toMatchObject({ status: 302, reason: 'Redirected' });
    expect(api.calls).toHaveLength(1);
  });
});

describe('a call without an answer', () => {
  it('fails when nobody listens', async () => {
    await api[Symbol.asyncDispose]();
    expect(await refusal()).toMatchObject({ status: undefined, reason: 'ConnectionFailed' });
  });

  it('fails when the connection is reset', async () => {
    api.answer = (_call, response) => response.destroy();
    expect(await refusal()).toMatchObject({ status: undefined, reason: 'ConnectionFailed' });
  });

  it('fails when the answer breaks off', async () => {
    api.answer = (_call, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{');
      setImmediate(() => response.destroy());
    };
    expect(await refusal()).toMatchObject({ status: undefined, reason: 'ConnectionFailed' });
  });

  it('fails when the answer has more than 16 MiB', async () => {
    api.answer = (_call, response) => response.end('x'.repeat(16 * 1024 * 1024 + 1));
    expect(await refusal()).toMatchObject({ status: undefined, reason: 'AnswerTooLarge' });
  });

  it('fails when the transport is closed meanwhile', async () => {
    const arrived = new Promise<void>((resolve) => {
      api.answer = () => resolve();
    });
    const answer = refusal();
    await arrived;
    await transport.close();
    expect(await answer).toMatchObject({ status: undefined, reason: 'ConnectionFailed' });
  });

  it('fails after the transport was closed', async () => {
    await transport.close();
    expect(await refusal()).toMatchObject({ status: undefined });
  });
});

describe('a 401', () => {
  beforeEach(() => {
    api.answer = ({ headers }, response) => {
      if (headers.authorization === 'Bearer second') sendJson(response, 200, {});
      else sendStatus(response, 401, 'Unauthorized');
    };
  });

  it('is answered with newer credentials where there are any', async () => {
    await transport.close();
    transport = aTransport(anAccess(api.url, bearer('second')));
    await expect(transport.call(request, never)).resolves.toMatchObject({ status: 200 });
    expect(api.calls).toHaveLength(2);
  });

  it('is an error where there are none', async () => {
    expect(await refusal()).toMatchObject({ status: 401, reason: 'Unauthorized' });
    expect(api.calls).toHaveLength(1);
  });

  it('is an error when the newer ones are refused too', async () => {
    await transport.close();
    transport = aTransport(anAccess(api.url, bearer('third')));
    expect(await refusal()).toMatchObject({ status: 401 });
    expect(api.calls).toHaveLength(2);
  });
});

describe('a stream', () => {
  it('comes as the server sends it', async () => {
    api.answer = (_call, response) => {
      response.write('one');
      setImmediate(() => response.end('two'));
    };
    const received: string[] = [];
    for await (const chunk of await transport.stream(request, never)) received.push(String(chunk));
    expect(received.join('')).toBe('onetwo');
  });

  it('has a connection of its own, beside the calls', async () => {
    await transport.close();
    transport = aTransport(anAccess(api.url), { connections: 1 });
    const controller = new AbortController();
    api.answer = ({ url }, response) => {
      if (url === '/watch') response.flushHeaders();
      else sendJson(response, 200, {});
    };
    const stream = await transport.stream({ ...request, path: '/watch' }, controller.signal);
    await transport.call(request, never);
    expect(api.connections).toBe(2);
    controller.abort(new Error('enough'));
    await expect(Array.fromAsync(stream)).rejects.toThrow('enough');
  });

  it('is refused as a call is', async () => {
    api.answer = (_call, response) => sendStatus(response, 410, 'Expired');
    await expect(transport.stream(request, never)).rejects.toMatchObject({
      status: 410,
      reason: 'Expired',
    });
  });

  it('is opened with newer credentials after a 401, on the connection of the first try', async () => {
    await transport.close();
    transport = aTransport(anAccess(api.url, bearer('second')));
    api.answer = ({ headers }, response) => {
      if (headers.authorization === 'Bearer second') response.end('welcome');
      else sendStatus(response, 401, 'Unauthorized');
    };
    const chunks = await Array.fromAsync(await transport.stream(request, never));
    expect(chunks.join('')).toBe('welcome');
    expect(api.connections).toBeLessThanOrEqual(2);
  });

  it('gives its connection up when nobody reads it any more', async () => {
    const opened = new Promise<NodeJS.EventEmitter>((resolve) => {
      api.answer = (_call, response) => {
        response.write('one');
        resolve(response);
      };
    });
    const stream = await transport.stream(request, never);
    const closed = once(await opened, 'close');
    for await (const chunk of stream) if (String(chunk) === 'one') break;
    await expect(closed).resolves.toBeDefined();
  });
});
