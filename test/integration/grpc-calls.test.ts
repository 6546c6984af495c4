import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RaError } from '../../src/base/ra-error.ts';
import { CertificateCallError, requestCertificate } from '../../src/server/certificate-client.ts';
import { expectMeasured } from '../support/expect-measured.ts';
import { chainElements } from '../unit/server/support/fakes.ts';
import {
  goodCall,
  protoDirectory,
  startServer,
  stopServers,
} from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import {
  connectRaw,
  grpcFrame,
  rawCall,
  requestMessage,
} from '../unit/server/support/raw-http2.ts';
import { serverName } from '../unit/server/support/tls-fixture.ts';

let fixture: ServerFixture;
beforeAll(async () => {
  fixture = await startServer({ budgetMs: 2_000 });
});
afterAll(async () => {
  await stopServers();
});
beforeEach(() => {
  fixture.decisions.outcomes.splice(0);
  fixture.authenticator.seen.splice(0);
  fixture.issuer.seen.splice(0);
  fixture.issuer.behave = fixture.issuer.succeed;
});

async function failureOf(call: Promise<unknown>): Promise<CertificateCallError> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof CertificateCallError) return failure;
  throw new Error('the call was expected to fail with a CertificateCallError');
}

describe('a call that is answered', () => {
  it('carries the chain, element by element', async () => {
    await expect(fixture.client().request(goodCall)).resolves.toEqual(chainElements);
  });

  it('hands the issuer what the client sent', async () => {
    await fixture.client().request({ ...goodCall, validitySeconds: 2n ** 63n - 1n });

    expect(fixture.issuer.seen[0]?.request).toMatchObject({
      csrPem: 'a csr',
      certSigner: 'foo',
      requestedTtlSeconds: 9_223_372_036_854_775_807n,
    });
  });

  it('keeps a negative validity', async () => {
    await fixture.client().request({ ...goodCall, validitySeconds: -1 });

    expect(fixture.issuer.seen[0]?.request.requestedTtlSeconds).toBe(-1n);
  });

  it('tells an absent signer from an empty one', async () => {
    const client = fixture.client();
    await client.request({ ...goodCall, certSigner: undefined });
    await client.request({ ...goodCall, certSigner: '' });

    expect(fixture.issuer.seen.map(({ request }) => request.certSigner)).toEqual([undefined, '']);
  });

  it('is accounted with who asked from where', async () => {
    await fixture.client().request(goodCall);

    expect(fixture.decisions.outcomes).toMatchObject([
      {
        kind: 'issued',
        decision: {
          facts: {
            peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
            method: 'kubernetes-token',
            caller: 'spiffe://cluster.local/ns/foo/sa/httpbin',
            callerPod: 'httpbin-1',
            identity: 'spiffe://cluster.local/ns/foo/sa/httpbin',
          },
        },
      },
    ]);
  });

  it('works over a connection of its own', async () => {
    const { address, authority } = fixture;
    const options = { address, rootPem: authority.rootPem, serverName, protoDirectory };

    await expect(requestCertificate({ ...options, ...goodCall })).resolves.toEqual(chainElements);
  });

  it('shares its connection with 255 others', async () => {
    const client = fixture.client();
    const calls = Array.from({ length: 256 }, () => client.request(goodCall));

    await expect(Promise.all(calls)).resolves.toHaveLength(256);
  });
});

describe('a call that is refused', () => {
  it('says why in public words, with the id of the decision', async () => {
    fixture.issuer.fail(new RaError('CSR_REJECTED', 'two SANs, one of them secret'));

    const failure = await failureOf(fixture.client().request(goodCall));

    const requestId = fixture.decisions.outcomes[0]?.decision.requestId;
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT', requestId });
    expect(failure.message).toBe(`CSR rejected (request ${String(requestId)})`);
  });

  it('without a token is UNAUTHENTICATED and reaches no issuer', async () => {
    const failure = await failureOf(fixture.client().request({ ...goodCall, token: undefined }));

    expect(failure.code).toBe('UNAUTHENTICATED');
    expect(fixture.issuer.seen).toEqual([]);
    expect(fixture.decisions.codes).toEqual(['CALLER_UNAUTHENTICATED']);
  });

  it('by an unexpected exception is INTERNAL and tells nothing of it', async () => {
    fixture.issuer.fail(new TypeError('x is undefined'));

    const failure = await failureOf(fixture.client().request(goodCall));

    expect(failure.code).toBe('INTERNAL');
    expect(failure.message).toMatch(/^internal error \(request [0-9a-f]{32}\)$/);
    expect(fixture.decisions.codes).toEqual(['INTERNAL']);
  });

  it('for an impersonation nobody may make is UNAUTHENTICATED', async () => {
    const impersonatedIdentity = 'spiffe://cluster.local/ns/bar/sa/httpbin';

    const failure = await failureOf(
      fixture.client().request({ ...goodCall, impersonatedIdentity }),
    );

    expect(failure.code).toBe('UNAUTHENTICATED');
    expect(fixture.decisions.codes).toEqual(['IMPERSONATION_REFUSED']);
  });
});

describe('a call that ends early', () => {
  it('because the client cancels aborts the issuer and is accounted as CANCELLED', async () => {
    const abortMs = async (): Promise<number> => {
      fixture.decisions.outcomes.splice(0);
      const issuing = new Promise<AbortSignal>((resolve) => {
        fixture.issuer.behave = (_request, signal) => {
          resolve(signal);
          return new Promise(() => undefined);
        };
      });
      const controller = new AbortController();
      const call = failureOf(fixture.client().request({ ...goodCall, signal: controller.signal }));
      const signal = await issuing;
      const aborted = new Promise<number>((resolve) => {
        signal.addEventListener('abort', () => resolve(performance.now()));
      });
      const cancelledAt = performance.now();
      controller.abort();
      const abortedAt = await aborted;
      expect((await call).code).toBe('CANCELLED');
      await fixture.decisions.awaitCount(1);
      expect(fixture.decisions.codes).toEqual(['CANCELLED']);
      return abortedAt - cancelledAt;
    };
    const what = 'a cancellation on its way to the issuer';
    await expectMeasured({ what, unit: 'ms', bound: { atMost: 100 } }, abortMs);
  });

  it('because the connection ends is accounted as CANCELLED', async () => {
    fixture.issuer.hang();
    const session = connectRaw(fixture.port, fixture.authority.rootPem);
    const coming = fixture.issuer.awaitCall();
    const call = rawCall(session, grpcFrame(requestMessage('a csr')), {
      authorization: 'Bearer good',
    });
    await coming;

    session.destroy();

    await fixture.decisions.awaitCount(1);
    expect(fixture.decisions.codes).toEqual(['CANCELLED']);
    await call;
  });

  it('on the deadline of the client is answered before it', async () => {
    fixture.issuer.hang();
    const failure = await failureOf(fixture.client().request({ ...goodCall, deadlineMs: 400 }));

    // The id shows that the answer is the server's: the client's own timer would give none.
    expect(failure).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      requestId: fixture.decisions.outcomes[0]?.decision.requestId,
    });
    expect(fixture.decisions.codes).toEqual(['DEADLINE_EXCEEDED']);
  });

  it('on the budget of the server is UNAVAILABLE', async () => {
    fixture.issuer.hang();

    const failure = await failureOf(fixture.client().request(goodCall));

    expect(failure.code).toBe('UNAVAILABLE');
    expect(fixture.decisions.codes).toEqual(['SIGNER_TIMEOUT']);
  });
});
