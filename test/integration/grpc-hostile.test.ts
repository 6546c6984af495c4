import type { ClientHttp2Session } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { goodCall, startServer, stopServers } from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import {
  connectRaw,
  field,
  grpcFrame,
  rawCall,
  requestMessage,
  structEntry,
  values,
} from '../unit/server/support/raw-http2.ts';

const [ok, invalidArgument, unimplemented] = [0, 3, 12];
const enhanceYourCalm = 11;
const good = { authorization: 'Bearer good' };

let fixture: ServerFixture;
let session: ClientHttp2Session;
beforeAll(async () => {
  fixture = await startServer();
});
afterAll(async () => {
  await stopServers();
});
beforeEach(() => {
  fixture.decisions.outcomes.splice(0);
  fixture.authenticator.seen.splice(0);
  fixture.issuer.seen.splice(0);
  fixture.issuer.behave = fixture.issuer.succeed;
  session = connectRaw(fixture.port, fixture.authority.rootPem);
});
afterEach(async () => {
  session.destroy();
  await fixture.client().request(goodCall);
});

function send(message: Uint8Array, headers = {}): ReturnType<typeof rawCall> {
  return rawCall(session, grpcFrame(message), { ...good, ...headers });
}

describe('the size of a message', () => {
  it('may be 64 KiB', async () => {
    const message = requestMessage('x'.repeat(65_536 - 6));
    expect(message).toHaveLength(65_536);

    expect((await send(message)).grpcStatus).toBe(ok);
  });

  it.each([65_537, 1 << 20])('must not be %d bytes', async (length) => {
    const answer = await send(requestMessage('x'.repeat(length - 6)));

    expect(answer.grpcStatus).toBe(invalidArgument);
    expect(fixture.authenticator.seen).toEqual([]);
  });

  it('counts after decompression', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20));
    expect(bomb.length).toBeLessThan(65_536);

    const answer = await rawCall(session, grpcFrame(bomb, { compressed: true }), {
      ...good,
      'grpc-encoding': 'gzip',
    });

    expect(answer.grpcStatus).toBe(invalidArgument);
  });

  it('may come in gzip', async () => {
    const zipped = gzipSync(requestMessage('a csr'));

    const answer = await rawCall(session, grpcFrame(zipped, { compressed: true }), {
      ...good,
      'grpc-encoding': 'gzip',
    });

    expect(answer.grpcStatus).toBe(ok);
  });
});

describe('bytes that are no request', () => {
  it('in corrupt gzip are INVALID_ARGUMENT', async () => {
    const answer = await rawCall(
      session,
      grpcFrame(Buffer.from('nonsense'), { compressed: true }),
      {
        ...good,
        'grpc-encoding': 'gzip',
      },
    );

    expect(answer.grpcStatus).toBe(invalidArgument);
  });

  it('in an unknown encoding are UNIMPLEMENTED', async () => {
    const answer = await rawCall(session, grpcFrame(Buffer.from('x'), { compressed: true }), {
      ...good,
      'grpc-encoding': 'br',
    });

    expect(answer.grpcStatus).toBe(unimplemented);
  });

  it('in place of protobuf are INVALID_ARGUMENT', async () => {
    expect((await send(Uint8Array.of(0x0a, 0xff, 0xff, 0xff))).grpcStatus).toBe(invalidArgument);
  });

  it('end before the message does', async () => {
    const answer = await rawCall(session, grpcFrame(new Uint8Array(100)).subarray(0, 50), good);

    expect(answer.grpcStatus).not.toBe(ok);
  });

  it('come as another content type', async () => {
    expect((await send(requestMessage('x'), { 'content-type': 'text/plain' })).httpStatus).toBe(
      415,
    );
  });

  it('go to a method that does not exist, whatever its name', async () => {
    const answer = await send(requestMessage('x'), { ':path': '/a/\u00e9\u007f"%' });

    expect(answer.grpcStatus).not.toBe(ok);
  });

  it('are two messages', async () => {
    const frame = grpcFrame(requestMessage('x'));

    const answer = await rawCall(session, Buffer.concat([frame, frame]), good);

    expect(answer.grpcStatus).toBe(unimplemented);
  });
});

describe('headers', () => {
  it.each([
    ['60 of them', Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`x-${i}`, 'v']))],
    ['20 KB of them', { 'x-long': 'v'.repeat(20_000) }],
  ])('are refused when there are %s', async (_name, headers) => {
    // The bound on bytes holds once the client has confirmed our SETTINGS, as any client does.
    await send(requestMessage('x'));
    fixture.authenticator.seen.splice(0);

    const answer = await send(requestMessage('x'), headers);

    expect(answer).toMatchObject({ httpStatus: 0, reset: enhanceYourCalm });
    expect(fixture.authenticator.seen).toEqual([]);
  });

  it('are bounded for a client that never confirmed our SETTINGS, too', async () => {
    // 400,000 bytes of the cheapest letter: HTTP/2 needs 250 KB for them, over 15 frames.
    const answer = await send(requestMessage('x'), { 'x-long': 'a'.repeat(400_000) });

    expect(answer.httpStatus).toBe(0);
    expect(fixture.authenticator.seen).toEqual([]);
  });

  it('with a clusterid repeated show two values', async () => {
    await send(requestMessage('x'), { clusterid: ['Kubernetes', 'other'] });

    expect(fixture.authenticator.seen[0]?.clusterIds).toEqual(['Kubernetes', 'other']);
  });

  it('without a clusterid show none', async () => {
    await send(requestMessage('x'));

    expect(fixture.authenticator.seen[0]?.clusterIds).toEqual([]);
  });

  it('with an empty clusterid show it empty', async () => {
    await send(requestMessage('x'), { clusterid: '' });

    expect(fixture.authenticator.seen[0]?.clusterIds).toEqual(['']);
  });

  it('never write a malformed token to standard error', async () => {
    const written: unknown[] = [];
    const original = console.error;
    console.error = (...parts: unknown[]) => written.push(...parts);
    try {
      await send(requestMessage('x'), { authorization: 'Bearer s\u00e9cret' });
    } finally {
      console.error = original;
    }

    expect(written).toEqual([]);
    expect(fixture.authenticator.seen[0]?.authorization).toEqual([]);
  });

  it.each(['99999999H', '2592000S'])(
    'with the timeout %s leave time to answer',
    async (timeout) => {
      fixture.issuer.behave = () =>
        new Promise((resolve) => {
          setTimeout(() => void fixture.issuer.succeed().then(resolve), 30);
        });

      expect((await send(requestMessage('x'), { 'grpc-timeout': timeout })).grpcStatus).toBe(ok);
    },
  );
});

describe('a CSR that is not ASCII', () => {
  it('reaches the gate as replacement characters', async () => {
    await send(requestMessage(Uint8Array.of(0xff, 0xfe, 0x41)));

    expect(fixture.issuer.seen[0]?.request.csrPem).toBe('\uFFFD\uFFFDA');
  });
});

describe('metadata', () => {
  it.each([
    ['null', values.null],
    ['a number', values.number],
    ['a boolean', values.bool],
    ['a struct', values.struct(structEntry('stringValue', values.string('foo')))],
    ['a list', values.list(field(1, values.string('foo')))],
    ['nothing', values.unset],
  ])('with %s for CertSigner is INVALID_ARGUMENT', async (_name, value) => {
    const answer = await send(requestMessage('x', structEntry('CertSigner', value)));

    expect(answer.grpcStatus).toBe(invalidArgument);
    expect(fixture.decisions.codes).toEqual(['REQUEST_MALFORMED']);
  });

  it('takes the last of two values for one key', async () => {
    const entries = ['foo', 'bar'].map((name) => structEntry('CertSigner', values.string(name)));

    await send(requestMessage('x', ...entries));

    expect(fixture.issuer.seen[0]?.request.certSigner).toBe('bar');
  });

  it.each([
    ['certsigner', structEntry('certsigner', values.string('foo'))],
    ['__proto__', structEntry('__proto__', values.struct(structEntry('CertSigner', values.null)))],
    ['constructor', structEntry('constructor', values.string('foo'))],
  ])('with the unknown key %s names no signer', async (_name, entry) => {
    const answer = await send(requestMessage('x', entry));

    expect(answer.grpcStatus).toBe(ok);
    expect(fixture.issuer.seen[0]?.request.certSigner).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'CertSigner')).toBe(false);
  });

  it.each([20, 40, 5_000])('%d levels deep is refused or ignored', async (levels) => {
    let value = values.string('deep');
    for (let level = 0; level < levels && value.length < 60_000; level += 1) {
      value = values.list(field(1, value));
    }
    const answer = await send(requestMessage('x', structEntry('deep', value)));

    expect([ok, invalidArgument]).toContain(answer.grpcStatus);
  });

  it('with 5,000 keys is INVALID_ARGUMENT', async () => {
    const entries = Array.from({ length: 5_000 }, (_, i) => structEntry(`${i}`, values.bool));

    expect((await send(requestMessage('x', ...entries))).grpcStatus).toBe(invalidArgument);
  });
});
