import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { RequestContext } from '../../../src/server/request-context.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeCall } from './support/fake-call.ts';
import type { FakeCallOptions } from './support/fake-call.ts';

const budgetMs = 60_000;

function open(options: FakeCallOptions = {}, clock = new FakeClock()) {
  const call = new FakeCall(options);
  const context = new RequestContext(call.asCall, { clock, budgetMs });
  return { call, clock, context };
}

function codeOf({ context }: { readonly context: RequestContext }): string | undefined {
  const reason: unknown = context.signal.reason;
  return reason instanceof RaError ? reason.code : undefined;
}

describe('the signal of a request', () => {
  it('aborts with CANCELLED when the client cancels', () => {
    const request = open();
    request.call.cancel();

    expect(codeOf(request)).toBe('CANCELLED');
  });

  it('is aborted from the start for a call that was cancelled before', () => {
    expect(codeOf(open({ cancelled: true }))).toBe('CANCELLED');
  });

  it('aborts with DEADLINE_EXCEEDED 200 ms before the deadline of the client', async () => {
    const clock = new FakeClock();
    const request = open({ deadline: clock.now() + 5_000 }, clock);

    await clock.advance(4_799);
    expect(request.context.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(codeOf(request)).toBe('DEADLINE_EXCEEDED');
  });

  it('leaves a short deadline half of its time', async () => {
    const clock = new FakeClock();
    const request = open({ deadline: clock.now() + 100 }, clock);

    await clock.advance(49);
    expect(request.context.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(codeOf(request)).toBe('DEADLINE_EXCEEDED');
  });

  it('aborts at once for a deadline that has passed', async () => {
    const clock = new FakeClock();
    const request = open({ deadline: clock.now() - 1 }, clock);
    await clock.advance(0);

    expect(codeOf(request)).toBe('DEADLINE_EXCEEDED');
  });

  it('calls a cancel after the deadline DEADLINE_EXCEEDED', () => {
    const clock = new FakeClock();
    const request = open({ deadline: clock.now() }, clock);
    request.call.cancel();

    expect(codeOf(request)).toBe('DEADLINE_EXCEEDED');
  });

  it.each([Infinity, NaN, 8.64e15])(
    'aborts with SIGNER_TIMEOUT on the budget of the server for the deadline %d',
    async (deadline) => {
      const request = open({ deadline });

      await request.clock.advance(budgetMs - 1);
      expect(request.context.signal.aborted).toBe(false);
      await request.clock.advance(1);
      expect(codeOf(request)).toBe('SIGNER_TIMEOUT');
    },
  );

  it('keeps the first of several reasons', () => {
    const request = open();
    request.context.abort(new RaError('NOT_READY', 'stopping'));
    request.call.cancel();

    expect(codeOf(request)).toBe('NOT_READY');
  });

  it('leaves neither timer nor listener behind when disposed', () => {
    const { context, clock, call } = open();
    context.release();

    expect(clock.pendingTimers).toBe(0);
    expect(call.listenerCount('cancelled')).toBe(0);
  });
});

describe('the context of a request', () => {
  it('has an id of 128 random bits', () => {
    const ids = new Set(Array.from({ length: 100 }, () => open().context.requestId));

    expect(ids.size).toBe(100);
    expect([...ids].every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  it.each([
    ['::ffff:10.1.2.3:4000', '10.1.2.3:4000'],
    ['::1:4000', '::1:4000'],
    ['unknown', 'unknown'],
  ])('writes the peer %s as %s', (peer, written) => {
    expect(open({ peer }).context.peer).toBe(written);
  });

  it.each([
    ['Kubernetes', ['Kubernetes']],
    ['', ['']],
    ['a, b', ['a', 'b']],
    ['a,b', ['a', 'b']],
  ])('reads the clusterid header %j as %j', (clusterid, expected) => {
    expect(open({ headers: { clusterid } }).context.credentials.clusterIds).toEqual(expected);
  });

  it('takes no identity from any other header', () => {
    const headers = { 'x-forwarded-client-cert': 'URI=spiffe://td/ns/a/sa/b' };

    expect(open({ headers }).context.credentials).toEqual({
      authorization: [],
      clusterIds: [],
      clientCertificate: undefined,
      peerIntermediates: undefined,
    });
  });
});

describe('the trace of a request', () => {
  it("is its caller's, where the caller sent one that can be read", () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(open({ headers: { traceparent } }).context.traceParent).toEqual({
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      sampled: true,
    });
    expect(open({ headers: { traceparent: 'nonsense' } }).context.traceParent).toBeUndefined();
  });
});
