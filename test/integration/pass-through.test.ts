import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { OwnMethods } from '../../src/server/pass-through/own-methods.ts';
import { divertStreams } from '../../src/server/pass-through/divert-streams.ts';
import { Server } from '@grpc/grpc-js';
import { startFront, stopFronts } from '../support/front-fixture.ts';
import { openRaw, streamAggregatedResources } from '../support/raw-stream.ts';
import { answer, respond } from '../support/upstream-stand-in.ts';
import type { UpstreamCall } from '../support/upstream-stand-in.ts';
import { chainElements } from '../unit/server/support/fakes.ts';
import { grpcFrame, rawCall } from '../unit/server/support/raw-http2.ts';
import { goodCall } from '../unit/server/support/server-fixture.ts';
import { serverName } from '../unit/server/support/tls-fixture.ts';

afterEach(async () => {
  await stopFronts();
});

function echo({ stream }: UpstreamCall): void {
  respond(stream, { 'grpc-status': '0' });
  stream.pipe(stream);
}

/** The values of a repeated header, each as it was sent. */
function valuesOf(raw: readonly string[], name: string): string[] {
  return raw.filter((_, at) => at % 2 === 1 && raw[at - 1] === name);
}

describe('a call to a service that is not ours', () => {
  it('has its answer from istiod: head, body and trailers', async () => {
    const request = grpcFrame(Buffer.from('what is there'));
    const body = grpcFrame(randomBytes(100_000));
    const { istiod, session } = await startFront();
    const received: Buffer[] = [];
    istiod.behave = (call) => {
      call.stream.on('data', (chunk: Buffer) => received.push(chunk));
      call.stream.on('end', () => {
        answer(call, {
          head: { 'x-istiod': 'yes' },
          body,
          trailers: { 'grpc-status': '0', t: '1' },
        });
      });
    };

    const call = openRaw(session);
    call.stream.end(request);
    const end = await call.ended;

    expect(Buffer.concat(received)).toEqual(request);
    expect(end).toMatchObject({
      head: { ':status': 200, 'content-type': 'application/grpc', 'x-istiod': 'yes' },
      trailers: { 'grpc-status': '0', t: '1' },
      reset: 0,
    });
    expect(end.body).toEqual(body);
  });

  it('may go on for thousands of messages both ways', async () => {
    const { session } = await startFront({ upstream: { behave: echo } });
    const messages = Array.from({ length: 5_000 }, (_, i) =>
      grpcFrame(Buffer.from(`message ${i}`)),
    );

    const call = openRaw(session);
    for (const message of messages) call.stream.write(message);
    call.stream.end();

    const end = await call.ended;
    expect(end.body).toEqual(Buffer.concat(messages));
    expect(end.trailers['grpc-status']).toBe('0');
  });

  it('is half-closed at istiod when the client has said everything', async () => {
    const { istiod, session } = await startFront();
    const coming = istiod.nextCall();
    const call = openRaw(session);
    const { stream } = await coming;
    respond(stream, { 'grpc-status': '0' });
    stream.resume();
    const halfClosed = new Promise((resolve) => stream.once('end', resolve));

    call.stream.end();
    await halfClosed;
    stream.end('after it');

    expect((await call.ended).body.toString()).toBe('after it');
  });

  it('keeps compressed messages as they are', async () => {
    const { istiod, session } = await startFront({ upstream: { behave: echo } });
    const message = grpcFrame(gzipSync(randomBytes(50_000)), { compressed: true });

    const call = openRaw(session, { 'grpc-encoding': 'gzip', 'grpc-accept-encoding': 'gzip' });
    call.stream.end(message);

    expect((await call.ended).body).toEqual(message);
    expect(istiod.calls[0]?.headers).toMatchObject({
      'grpc-encoding': 'gzip',
      'grpc-accept-encoding': 'gzip',
    });
  });

  it('may be answered with a status alone', async () => {
    const { istiod, session } = await startFront();
    istiod.behave = ({ stream }) => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16', m: 'x' },
        { endStream: true },
      );
    };

    const call = openRaw(session);
    call.stream.write('not ended');
    const end = await call.ended;

    expect(end).toMatchObject({ head: { 'grpc-status': '16', m: 'x' }, trailers: {}, reset: 0 });
  });

  it('has its status also when istiod is ready before the client', async () => {
    const { session } = await startFront({
      upstream: { behave: (call) => answer(call, { trailers: { 'grpc-status': '7' } }) },
    });

    const call = openRaw(session);
    call.stream.write('the first of many');
    const end = await call.ended;

    expect(end).toMatchObject({ trailers: { 'grpc-status': '7' }, reset: 0 });
  });
});

describe('metadata', () => {
  it('goes to istiod unchanged, under the name of istiod', async () => {
    const { istiod, session } = await startFront({ upstream: { behave: answer } });
    const big = 'b'.repeat(8_000);
    const call = openRaw(session, {
      ':authority': 'somebody.else',
      authorization: 'Bearer token',
      clusterid: 'Kubernetes',
      'user-agent': 'grpc-go/1.85.0',
      'x-bin': ['AAEC', '_w'],
      'grpc-timeout': '99999999H',
      big,
    });
    call.stream.end();
    await call.ended;

    const { headers, rawHeaders } = istiod.calls[0] ?? { headers: {}, rawHeaders: [] };
    expect(headers).toMatchObject({
      ':method': 'POST',
      ':scheme': 'https',
      ':authority': serverName,
      ':path': streamAggregatedResources,
      te: 'trailers',
      authorization: 'Bearer token',
      clusterid: 'Kubernetes',
      'user-agent': 'grpc-go/1.85.0',
      'grpc-timeout': '99999999H',
      big,
    });
    expect(valuesOf(rawHeaders, 'x-bin')).toEqual(['AAEC', '_w']);
    expect(rawHeaders.filter((_, at) => at % 2 === 0)).toHaveLength(13);
  });

  it('says nothing of who a trusted proxy would say the client is', async () => {
    const { istiod, session } = await startFront({ upstream: { behave: answer } });

    const call = openRaw(session, {
      'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/istio-system/sa/istiod',
    });
    call.stream.end();
    await call.ended;

    expect(istiod.calls[0]?.headers).not.toHaveProperty('x-forwarded-client-cert');
  });

  it('comes back unchanged, binary trailers and repeated headers among it', async () => {
    const head = { 'x-bin': ['AAEC', '_w'] };
    const details = randomBytes(6_000).toString('base64');
    const trailers = {
      'grpc-status': '9',
      'grpc-message': 'no%20way',
      'grpc-status-details-bin': details,
    };
    const { session } = await startFront({
      upstream: { behave: (call) => answer(call, { head, trailers }) },
    });

    const call = openRaw(session);
    call.stream.end();
    const end = await call.ended;

    expect(valuesOf(end.rawHead, 'x-bin')).toEqual(['AAEC', '_w']);
    expect({ ...end.trailers }).toMatchObject(trailers);
  });
});

describe('what is ours', () => {
  it('is never passed on', async () => {
    const { istiod, session, fixture } = await startFront({ reflection: true });

    await expect(fixture.client().request(goodCall)).resolves.toEqual(chainElements);
    const paths = [
      '/istio.v1.auth.IstioCertificateService/Unknown',
      'istio.v1.auth.IstioCertificateService/CreateCertificate',
      '//istio.v1.auth.IstioCertificateService/CreateCertificate',
      '/istio.v1.auth.IstioCertificateService/CreateCertificate/',
      '/istio.v1.auth.IstioCertificateService/CreateCertificate?x=y',
      '/grpc.health.v1.Health/Nothing',
      '/grpc.reflection.v1.ServerReflection/Nothing',
    ];
    for (const path of paths) {
      await rawCall(session, Buffer.alloc(0), { ':path': path });
    }

    expect(istiod.calls).toEqual([]);
  });

  it.each([
    ['text/plain', { httpStatus: 415 }],
    ['application/grpc-web', { grpcStatus: 12 }],
  ])('is all that has the content type %s', async (contentType, expected) => {
    const { istiod, session } = await startFront();

    const end = await rawCall(session, Buffer.alloc(0), {
      ':path': streamAggregatedResources,
      'content-type': contentType,
    });

    expect(end).toMatchObject(expected);
    expect(istiod.calls).toEqual([]);
  });

  it('does not hold reflection where it is off', async () => {
    const { istiod, session } = await startFront({ upstream: { behave: answer } });

    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const end = await rawCall(session, Buffer.alloc(0), { ':path': path });

    expect(end.grpcStatus).toBe(0);
    expect(istiod.calls).toHaveLength(1);
  });
});

describe('another version of grpc-js', () => {
  it('is noticed at start', () => {
    const strange = {
      http2Servers: new Map([[{ listeners: () => [] }, 0]]),
      onStreamOpened: () => 0,
    };

    expect(() => divertStreams(new Server(), () => false)).toThrow('keeps its HTTP/2 servers');
    expect(() => divertStreams(strange as unknown as Server, () => false)).toThrow(
      'takes its streams',
    );
    const uncounted = { ...strange, onStreamOpened: undefined } as unknown as Server;
    expect(() => divertStreams(uncounted, () => false)).toThrow('counts the streams');
  });

  it('may name methods as it likes, but not without a service', () => {
    const methods = new OwnMethods().noting({ addService: () => undefined });

    expect(() => methods.addService({ Odd: { path: 'odd' } } as never, {})).toThrow('odd is not');
  });
});
