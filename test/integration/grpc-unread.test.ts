import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  connectRaw,
  createCertificatePath,
  grpcFrame,
  rawCall,
  requestMessage,
} from '../unit/server/support/raw-http2.ts';
import { goodCall, startServer, stopServers } from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import { eventually } from '../support/running-mesh.ts';

const good = { authorization: 'Bearer good' };

let fixture: ServerFixture;
let session: ClientHttp2Session;
beforeAll(async () => {
  fixture = await startServer({ bounds: { readWithinMs: 300 } });
});
afterAll(async () => {
  await stopServers();
});
beforeEach(() => {
  fixture.decisions.outcomes.splice(0);
  session = connectRaw(fixture.port, fixture.authority.rootPem);
});
afterEach(async () => {
  session.destroy();
  await fixture.client().request(goodCall);
  await eventually(() => fixture.server.unreadCalls === 0);
});

function open(headers = {}): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': createCertificatePath,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...good,
    ...headers,
  });
  stream.on('error', () => undefined);
  stream.resume();
  return stream;
}

function reasons(): readonly (string | undefined)[] {
  return fixture.decisions.outcomes.map(({ error }) => error?.reason);
}

/** The decision of the only call, once it is there; then waits whether a second one comes. */
async function theOnlyReason(): Promise<string | undefined> {
  await eventually(() => reasons().length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reasons()).toHaveLength(1);
  return reasons()[0];
}

describe('a call that grpc-js ends by itself has one decision line', () => {
  const bomb = grpcFrame(gzipSync(Buffer.alloc(1 << 20)), { compressed: true });
  const whole = grpcFrame(requestMessage('a csr'));

  it.each([
    ['is too long', grpcFrame(new Uint8Array(70_000)), {}, 'message_too_large'],
    ['inflates to too much', bomb, { 'grpc-encoding': 'gzip' }, 'message_too_large'],
    ['is not protobuf', grpcFrame(Uint8Array.of(10, 255, 255)), {}, 'message_unreadable'],
    ['is not there', new Uint8Array(), {}, 'message_unexpected'],
    ['comes twice', Buffer.concat([whole, whole]), {}, 'message_unexpected'],
    ['is in an unknown encoding', bomb, { 'grpc-encoding': 'br' }, 'message_unexpected'],
    ['has an unreadable timeout', whole, { 'grpc-timeout': 'soon' }, 'message_unreadable'],
  ])('when its message %s', async (_name, body, headers, reason) => {
    const answer = await rawCall(session, body, { ...good, ...headers });

    expect(await theOnlyReason()).toBe(reason);
    expect(fixture.decisions.codes).toEqual(['REQUEST_MALFORMED']);
    expect([3, 12]).toContain(answer.grpcStatus);
    const [outcome] = fixture.decisions.outcomes;
    expect(answer.grpcMessage).toContain(outcome?.decision.requestId);
    expect(outcome?.decision.facts.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('when the client takes it back before its message is whole', async () => {
    const stream = open();
    stream.write(grpcFrame(new Uint8Array(100)).subarray(0, 50));
    await eventually(() => fixture.server.unreadCalls === 1);
    stream.destroy();

    expect(await theOnlyReason()).toBe('cancelled_before_message');
  });

  it("when the client's deadline comes before its message", async () => {
    open({ 'grpc-timeout': '50m' });

    expect(await theOnlyReason()).toBe('deadline_before_message');
  });

  it('when the connection ends before its message', async () => {
    open();
    await eventually(() => fixture.server.unreadCalls === 1);
    session.destroy();

    expect(await theOnlyReason()).toBe('cancelled_before_message');
  });
});

describe('a message that comes slowly', () => {
  it('is waited for no longer than the bound, and its stream is closed', async () => {
    const stream = open();
    const bytes = grpcFrame(new Uint8Array(1_000)).values();
    const trickle = setInterval(() => stream.write(Uint8Array.of(bytes.next().value ?? 0)), 10);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    try {
      expect(await theOnlyReason()).toBe('message_too_slow');
      await closed;
    } finally {
      clearInterval(trickle);
    }

    expect(fixture.decisions.codes).toEqual(['DEADLINE_EXCEEDED']);
  });

  it('is served when it comes in time, byte by byte', async () => {
    const stream = open();
    const status = new Promise((resolve) => {
      stream.on('trailers', (trailers: Readonly<Record<string, unknown>>) => {
        resolve(trailers['grpc-status']);
      });
    });
    for (const byte of grpcFrame(requestMessage('a csr'))) stream.write(Uint8Array.of(byte));
    stream.end();

    expect(await status).toBe('0');
    expect(fixture.decisions.codes).toEqual(['issued']);
  });
});
