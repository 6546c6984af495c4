import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:https';
import type { Server, ServerOptions } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpsGet } from '../../../src/base/https-get.ts';
import { firstPair, secondPair } from '../kube/client-node/tls-pairs.ts';

const { signal } = new AbortController();
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function urlOf(listener: RequestListener, pair: ServerOptions = firstPair): Promise<URL> {
  const started = createServer({ cert: pair.cert, key: pair.key }, listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return new URL(`https://127.0.0.1:${(started.address() as AddressInfo).port}/keys`);
}

const options = { signal, maxBytes: 10, caPem: firstPair.cert };
const answers =
  (text: string): RequestListener =>
  (_request, response) => {
    response.end(text);
  };

describe('httpsGet', () => {
  it('returns the text', async () => {
    await expect(httpsGet(await urlOf(answers('0123456789')), options)).resolves.toBe('0123456789');
  });

  it('refuses a longer text', async () => {
    await expect(httpsGet(await urlOf(answers('0123456789a')), options)).rejects.toThrow(
      'longer than 10 bytes',
    );
  });

  it.each([204, 301, 404, 500])('refuses the status %d', async (status) => {
    const url = await urlOf((_request, response) => {
      response.writeHead(status, { location: 'https://127.0.0.1:1/' }).end();
    });

    await expect(httpsGet(url, options)).rejects.toThrow(`status ${status}`);
  });

  it('refuses a server that its roots do not know', async () => {
    await expect(httpsGet(await urlOf(answers('x'), secondPair), options)).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });

  it('refuses a private authority where no roots are given', async () => {
    const url = await urlOf(answers('x'));

    await expect(httpsGet(url, { signal, maxBytes: 10 })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });

  it('ends when the signal aborts, also in the midst of an answer', async () => {
    const ending = new AbortController();
    const url = await urlOf((_request, response) => {
      response.write('x', () => {
        ending.abort(new Error('enough'));
      });
    });

    await expect(httpsGet(url, { ...options, signal: ending.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
