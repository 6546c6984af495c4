import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DebugHttpServer } from '../../../src/server/debug-http-server.ts';
import { jsonPage } from '../../../src/server/page-server.ts';
import type { PageRoute } from '../../../src/server/page-server.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const page = Buffer.from('<p>a page</p>'.repeat(50));

let log: RecordingLogger;
let server: DebugHttpServer;
let port: number;

beforeEach(async () => {
  log = new RecordingLogger();
  const routes = new Map<string, PageRoute>([
    ['/', () => ({ status: 200, contentType: 'text/html', body: page, gzipped: gzipSync(page) })],
    ['/debug/echo', (query) => jsonPage({ name: query.get('name') })],
    ['/debug/fails', () => Promise.reject(new Error('a secret of the inside'))],
  ]);
  server = new DebugHttpServer({ routes, log });
  const address = await server.start('127.0.0.1:0');
  port = Number(address.split(':')[1]);
});
afterEach(async () => {
  await server.stop();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        resolve({
          status: answer.statusCode,
          headers: answer.headers,
          body: Buffer.concat(chunks),
        });
      });
    });
    call.on('error', reject).end();
  });
}

describe('the debug port', () => {
  it('answers by path, and shows the query to the route', async () => {
    const { status, body } = await ask('/debug/echo?name=foo');

    expect([status, JSON.parse(body.toString())]).toEqual([200, { name: 'foo' }]);
  });

  it('knows no other path', async () => {
    expect((await ask('/debug')).status).toBe(404);
  });

  it.each(['/../package.json', '/%2e%2e/package.json', '/debug/..%2f..%2fpackage.json'])(
    'leads to no file by %s',
    async (path) => {
      expect((await ask(path)).status).toBe(404);
    },
  );

  // It is no URL, and no reason for an error of ours.
  it.each(['//', '//[', '/\\\\['])('says of the path %s that it is not there', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('changes nothing for a %s', async (method) => {
    const { status, headers } = await ask('/', {}, method);

    expect([status, headers.allow]).toEqual([405, 'GET']);
  });

  it.each(['localhost', 'LOCALHOST:9876', '127.0.0.1:1', '[::1]:9876'])(
    'is there for who asks for %s',
    async (host) => {
      expect((await ask('/', { host })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'localhost@evil.example',
    '127.0.0.1:123456',
  ])('is not there for who asks for "%s"', async (host) => {
    const { status, body } = await ask('/', { host });

    expect([status, body.includes('a page')]).toEqual([421, false]);
  });

  it('lets pages load nothing from elsewhere, nothing inline, and no markup from texts', async () => {
    const { headers } = await ask('/');
    const policy = String(headers['content-security-policy']).split('; ');

    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]),
    );
    expect(policy.join()).not.toMatch(/unsafe|data:|http/);
  });

  it.each([
    ['x-content-type-options', 'nosniff'],
    ['x-frame-options', 'DENY'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['cache-control', 'no-store'],
  ])('sends %s: %s with every answer', async (name, value) => {
    for (const path of ['/', '/nowhere', '/debug/fails']) {
      expect((await ask(path)).headers[name]).toBe(value);
    }
  });

  it('tells a failure to the log and not to the client', async () => {
    const { status, body } = await ask('/debug/fails');

    expect([status, body.toString()]).toEqual([500, 'internal error\n']);
    expect(log.lines).toMatchObject([{ level: 'error', message: 'a debug page failed' }]);
  });

  it.each(['gzip', 'gzip, deflate, br', 'deflate, gzip;q=0.5', 'gzip;q=1.0'])(
    'compresses for who takes "%s"',
    async (codings) => {
      const { headers, body } = await ask('/', { 'accept-encoding': codings });

      expect(headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(body)).toEqual(page);
    },
  );

  it.each(['', 'identity', 'gzip;q=0', 'br, gzip;q=0.000', 'x-gzip'])(
    'does not compress for who takes "%s"',
    async (codings) => {
      const { headers, body } = await ask('/', { 'accept-encoding': codings });

      expect(headers['content-encoding']).toBeUndefined();
      expect(body).toEqual(page);
    },
  );
});
