import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OpsHttpServer } from '../../../src/server/ops-http-server.ts';
import type { PageRoute } from '../../../src/server/page-server.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

let missing: string | undefined;
let dead: string | undefined;
let logger: RecordingLogger;
let server: OpsHttpServer;
let base: string;

beforeEach(async () => {
  missing = undefined;
  dead = undefined;
  logger = new RecordingLogger();
  server = new OpsHttpServer({
    readiness: [
      { name: 'watch', notReadyBecause: () => missing },
      { name: 'mesh', notReadyBecause: () => undefined },
    ],
    liveness: [{ name: 'loop', notReadyBecause: () => dead }],
    version: { version: '0.1.0' },
    routes: new Map<string, PageRoute>([
      ['/metrics', () => ({ status: 200, contentType: 'text/x', body: 'm 1\n' })],
      ['/broken', () => Promise.reject(new Error('no page'))],
    ]),
    log: logger,
  });
  base = `http://${await server.start('127.0.0.1:0')}`;
});
afterEach(async () => {
  await server.stop();
});

async function get(path: string, method = 'GET'): Promise<readonly [number, string]> {
  const response = await fetch(`${base}${path}`, { method });
  return [response.status, await response.text()];
}

describe('OpsHttpServer', () => {
  it('is ready when all checks hold', async () => {
    await expect(get('/ready')).resolves.toEqual([200, 'ready\n']);
  });

  it('names each check that does not hold', async () => {
    missing = 'the watch has not listed yet';

    await expect(get('/ready')).resolves.toEqual([503, 'watch: the watch has not listed yet\n']);
  });

  it('is alive while it is not ready', async () => {
    missing = 'x';

    await expect(get('/healthz')).resolves.toEqual([200, 'ok\n']);
  });

  it('is dead, and ready all the same, when a check of its life does not hold', async () => {
    dead = 'the loop stands still';

    await expect(get('/healthz')).resolves.toEqual([503, 'loop: the loop stands still\n']);
    await expect(get('/ready')).resolves.toEqual([200, 'ready\n']);
  });

  it('tells its version', async () => {
    await expect(get('/version')).resolves.toEqual([200, '{"version":"0.1.0"}\n']);
  });

  it('serves further routes, whatever their query', async () => {
    await expect(get('/metrics?name=x')).resolves.toEqual([200, 'm 1\n']);
  });

  it('answers HEAD without a body', async () => {
    await expect(get('/ready', 'HEAD')).resolves.toEqual([200, '']);
  });

  it.each([
    ['/', 'GET', 404],
    ['/ready/', 'GET', 404],
    ['/__proto__', 'GET', 404],
    ['/ready', 'POST', 405],
  ])('answers %s with %s by %d', async (path, method, status) => {
    expect((await get(path, method))[0]).toBe(status);
  });

  it('survives a page that fails, and logs it', async () => {
    await expect(get('/broken')).resolves.toEqual([500, 'internal error\n']);
    expect(logger.lines).toMatchObject([{ level: 'error', fields: { path: '/broken' } }]);
  });

  it('says in one line that its port is taken', async () => {
    const address = base.slice('http://'.length);
    const second = new OpsHttpServer({ readiness: [], version: {}, log: logger });

    await expect(second.start(address)).rejects.toThrow(
      `cannot listen on ${address}: the port is already in use`,
    );
  });

  it('may be stopped twice', async () => {
    await server.stop();

    await expect(server.stop()).resolves.toBeUndefined();
  });
});
