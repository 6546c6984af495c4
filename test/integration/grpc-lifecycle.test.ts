import { connect } from 'node:net';
import path from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { PackageDefinition } from '@grpc/proto-loader';
import { service as healthDefinition } from 'grpc-health-check';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CertificateCallError } from '../../src/server/certificate-client.ts';
import { expectMeasured } from '../support/expect-measured.ts';
import { aChain, chainElements } from '../unit/server/support/fakes.ts';
import { goodCall, startServer, stopServers } from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import { serverName } from '../unit/server/support/tls-fixture.ts';

let fixture: ServerFixture;
beforeEach(async () => {
  fixture = await startServer({ reflection: true });
});
afterEach(async () => {
  await stopServers();
});

const theEnd = { what: 'the end of a server', unit: 'ms' } as const;

/** How long it takes until a server has stopped. */
async function stopMs(server: ServerFixture['server'], drainMs: number): Promise<number> {
  const start = performance.now();
  await server.stop(drainMs);
  return performance.now() - start;
}

function plainClient(): Client {
  const ca = Buffer.from(fixture.authority.rootPem);
  return new Client(fixture.address, credentials.createSsl(ca), {
    'grpc.ssl_target_name_override': serverName,
  });
}

describe('start', () => {
  it('says in one line that a port is taken', async () => {
    const second = await startServer();
    await second.server.stop(0);

    const again = startServer({ address: fixture.address });

    await expect(again).rejects.toThrow(
      `cannot listen on ${fixture.address}: the port is already in use`,
    );
  });

  it('listens on all interfaces without a host', async () => {
    const everywhere = await startServer({ address: ':0' });

    const port = everywhere.port;
    expect(everywhere.address).toBe(`[::]:${port}`);
    const client = everywhere.client({ address: `127.0.0.1:${port}` });
    await expect(client.request(goodCall)).resolves.toEqual(chainElements);
  });
});

describe('stop', () => {
  it('lets a call in flight finish and refuses new connections', async () => {
    let finish = (): void => undefined;
    fixture.issuer.behave = () =>
      new Promise((resolve) => {
        finish = () => {
          resolve(aChain());
        };
      });
    const coming = fixture.issuer.awaitCall();
    const call = fixture.client().request(goodCall);
    await coming;

    const stopped = fixture.server.stop(5_000);
    await expect(fixture.client().request({ ...goodCall, deadlineMs: 500 })).rejects.toThrow();
    finish();

    await expect(call).resolves.toEqual(chainElements);
    await stopped;
    expect(fixture.server.connections).toBe(0);
  });

  it('answers UNAVAILABLE when the grace is over', async () => {
    fixture.issuer.hang();
    const coming = fixture.issuer.awaitCall();
    const call = fixture
      .client()
      .request(goodCall)
      .catch((error: unknown) => error);
    await coming;

    await fixture.server.stop(50);

    const failure = await call;
    expect(failure).toBeInstanceOf(CertificateCallError);
    expect(failure).toMatchObject({
      code: 'UNAVAILABLE',
      requestId: fixture.decisions.outcomes[0]?.decision.requestId,
    });
    expect(fixture.decisions.codes).toEqual(['NOT_READY']);
    expect(fixture.server.connections).toBe(0);
  });

  it('cuts connections that never say anything', async () => {
    // Its handshake would be given up after five seconds only.
    await expectMeasured({ ...theEnd, bound: { atMost: 2_000 } }, async () => {
      const { port, server } = await startServer();
      const socket = connect(port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      const tookMs = await stopMs(server, 20);
      expect(server.connections).toBe(0);
      socket.destroy();
      return tookMs;
    });
  });

  it('ends at once when nothing is in flight', async () => {
    await expectMeasured({ ...theEnd, bound: { atMost: 500 } }, async () => {
      const idle = await startServer();
      await idle.client().request(goodCall);
      return stopMs(idle.server, 10_000);
    });
  });

  it('may be called twice', async () => {
    await Promise.all([fixture.server.stop(0), fixture.server.stop(0)]);

    expect(fixture.server.connections).toBe(0);
  });
});

describe('health', () => {
  const certificateService = 'istio.v1.auth.IstioCertificateService';

  function check(client: Client, service: string): Promise<unknown> {
    const { Check } = healthDefinition;
    if (Check === undefined) throw new Error('the health service has no Check');
    const { path: method, requestSerialize, responseDeserialize } = Check;
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        method,
        requestSerialize,
        responseDeserialize,
        { service },
        (error, response: unknown) => {
          if (error === null) resolve(response);
          else reject(error);
        },
      );
    });
  }

  function watch(client: Client, service: string): ClientReadableStream<unknown> {
    const { Watch } = healthDefinition;
    if (Watch === undefined) throw new Error('the health service has no Watch');
    const { path: method, requestSerialize, responseDeserialize } = Watch;
    const stream = client.makeServerStreamRequest(method, requestSerialize, responseDeserialize, {
      service,
    });
    stream.on('error', () => undefined);
    return stream;
  }

  it.each(['', certificateService])('of %j is what was set from outside', async (service) => {
    const client = plainClient();

    await expect(check(client, service)).resolves.toEqual({ status: 'NOT_SERVING' });
    fixture.server.setServing(true);
    await expect(check(client, service)).resolves.toEqual({ status: 'SERVING' });
    client.close();
  });

  it('of an unknown service is NOT_FOUND', async () => {
    const client = plainClient();

    await expect(check(client, 'x')).rejects.toMatchObject({ code: 5 });
    client.close();
  });

  it('can be watched until the server stops, which it does not delay', async () => {
    const client = plainClient();
    const seen: unknown[] = [];
    const stream = watch(client, '');
    stream.on('data', (data: unknown) => seen.push(data));
    await new Promise((resolve) => stream.once('data', resolve));
    fixture.server.setServing(true);
    await new Promise((resolve) => stream.once('data', resolve));

    const ended = new Promise((resolve) => stream.once('end', resolve));
    await fixture.server.stop(60_000);
    await ended;

    expect(seen).toEqual([
      { status: 'NOT_SERVING' },
      { status: 'SERVING' },
      { status: 'NOT_SERVING' },
    ]);
    client.close();
  });

  it('has nothing to watch in an unknown service', async () => {
    const client = plainClient();
    const stream = watch(client, 'x');
    const seen: unknown[] = [];
    stream.on('data', (data: unknown) => seen.push(data));

    await new Promise((resolve) => stream.once('end', resolve));

    expect(seen).toEqual([{ status: 'SERVICE_UNKNOWN' }]);
    client.close();
  });

  it('has few watchers', async () => {
    const client = plainClient();
    const streams = Array.from({ length: 33 }, () => watch(client, ''));

    const codes = await Promise.all(
      streams.map(
        (stream) =>
          new Promise((resolve) => {
            stream.once('data', () => {
              resolve('watching');
            });
            stream.once('error', (error: { readonly code?: unknown }) => {
              resolve(error.code);
            });
          }),
      ),
    );

    expect(codes.filter((code) => code === 'watching')).toHaveLength(32);
    expect(codes.filter((code) => code === 8)).toHaveLength(1);
    client.close();
  });
});

describe('reflection', () => {
  function reflectionProto(version: string): PackageDefinition {
    const file = `node_modules/@grpc/reflection/build/proto/grpc/reflection/${version}/reflection.proto`;
    return loadSync(path.resolve(file), { keepCase: true, oneofs: true, defaults: true });
  }

  function ask(client: Client, version: string, request: object): Promise<unknown> {
    const service = reflectionProto(version)[`grpc.reflection.${version}.ServerReflection`];
    const method = (service as typeof healthDefinition)['ServerReflectionInfo'];
    if (method === undefined) throw new Error('no such method');
    const stream = client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
    );
    return new Promise((resolve, reject) => {
      stream.once('data', resolve);
      stream.once('error', reject);
      stream.write(request);
      stream.end();
    });
  }

  it.each(['v1', 'v1alpha'])('%s lists the services', async (version) => {
    const client = plainClient();

    await expect(ask(client, version, { list_services: '*' })).resolves.toMatchObject({
      list_services_response: {
        service: expect.arrayContaining([
          { name: 'istio.v1.auth.IstioCertificateService' },
          { name: 'grpc.health.v1.Health' },
        ]),
      },
    });
    client.close();
  });

  it('is off unless asked for', async () => {
    const quiet = await startServer();
    const ca = Buffer.from(quiet.authority.rootPem);
    const client = new Client(quiet.address, credentials.createSsl(ca), {
      'grpc.ssl_target_name_override': serverName,
    });

    await expect(ask(client, 'v1', { list_services: '*' })).rejects.toMatchObject({ code: 12 });

    client.close();
  });
});
