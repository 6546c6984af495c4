import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { settle } from '../../support/fake-clock.ts';
import { clientGone, name, SignerBench, timeIsUp } from './signer-bench.ts';

/** Ten requests, one after the other, that the signer lets run out of time. */
async function tenStalledRequests(bench: SignerBench, waitMs: number): Promise<void> {
  const calls = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      bench.call(bench.again(`s${at}`, { ttlSeconds: 3600 + at })),
    ),
  );
  await bench.clock.advance(waitMs);
  for (const { abort } of calls) abort.abort(timeIsUp);
  await settle();
}

async function refusal(bench: SignerBench): Promise<unknown> {
  const { result } = await bench.call(bench.again('next'));
  await bench.clock.advance(1_000);
  return result.catch((error: unknown) => error);
}

const open = { code: 'SIGNER_UNAVAILABLE', reason: 'circuit_open' };

describe('a signer that is silent', () => {
  it('F27: is not asked any more after ten requests have run out of time', async () => {
    const bench = await SignerBench.make();
    await tenStalledRequests(bench, 20_000);
    const creates = bench.requests.calls.filter((call) => call === 'create').length;
    await expect(refusal(bench)).resolves.toMatchObject(open);
    expect(bench.requests.calls.filter((call) => call === 'create')).toHaveLength(creates);
  });

  it('F28: is refused slowly, so that agents do not hammer', async () => {
    const bench = await SignerBench.make();
    await tenStalledRequests(bench, 20_000);
    let isAnswered = false;
    const { result } = await bench.call(bench.again('next'));
    void result.catch(() => (isAnswered = true));
    await bench.clock.advance(499);
    expect(isAnswered).toBe(false);
    await bench.clock.advance(501);
    expect(isAnswered).toBe(true);
  });

  it('F28: is asked again by a probe, and by everybody after its success', async () => {
    const bench = await SignerBench.make();
    await tenStalledRequests(bench, 20_000);
    await bench.clock.advance(5_000);
    const probe = await bench.call(bench.order);
    bench.issue();
    (await probe.chain).checked?.(undefined);
    const next = await bench.call(bench.again('next', { ttlSeconds: 7_000 }));
    expect(next.order.decision.facts.csrName).toMatch(/^ra-[a-z2-7]{26}$/);
  });

  it('is not accused by clients in a hurry', async () => {
    const bench = await SignerBench.make();
    await tenStalledRequests(bench, 4_000);
    expect(await refusalOrWait(bench)).toBe('waits');
  });

  it('is not accused of what nobody approved', async () => {
    const bench = await SignerBench.make({ approval: 'external' });
    await tenStalledRequests(bench, 60_000);
    expect(await refusalOrWait(bench)).toBe('waits');
  });
});

describe('a signer that answers', () => {
  async function tenEnds(end: (at: number) => Promise<void>): Promise<void> {
    for (let at = 0; at < 10; at += 1) await end(at);
  }

  it('with garbage is not asked any more', async () => {
    const bench = await SignerBench.make();
    await tenEnds(async (at) => {
      const { chain, order } = await bench.call(bench.again(`g${at}`, { ttlSeconds: 3600 + at }));
      bench.issue('GARBAGE', order.decision.facts.csrName);
      const error = new RaError('ISSUED_CERTIFICATE_REJECTED', 'no', { reason: 'san_mismatch' });
      (await chain).checked?.(error);
    });
    await expect(refusal(bench)).resolves.toMatchObject(open);
  });

  it.each([
    ['SigningError', true],
    ['SignerValidationFailure', false],
    ['RequestNotSupported', false],
    ['PolicyDenied', false],
    ['InvalidDuration', false],
  ])('with Failed because of %s: not asked any more is %p', async (reason, isOpen) => {
    const bench = await SignerBench.make();
    await tenEnds(async (at) => {
      const { result, order } = await bench.call(bench.again(`f${at}`, { ttlSeconds: 3600 + at }));
      const { csrName = '' } = order.decision.facts;
      const condition = { type: 'Failed', status: 'True', reason };
      bench.feed.put(bench.requests.addCondition(csrName, condition));
      await result.catch(() => undefined);
    });
    const next = await refusalOrWait(bench);
    expect(next).toBe(isOpen ? 'refused' : 'waits');
  });

  it('with Denied says something of the request, not of itself', async () => {
    const bench = await SignerBench.make();
    await tenEnds(async (at) => {
      const { result, order } = await bench.call(bench.again(`d${at}`, { ttlSeconds: 3600 + at }));
      const { csrName = '' } = order.decision.facts;
      bench.feed.put(bench.requests.addCondition(csrName, { type: 'Denied', status: 'True' }));
      await result.catch(() => undefined);
    });
    expect(await refusalOrWait(bench)).toBe('waits');
  });
});

async function refusalOrWait(bench: SignerBench): Promise<'refused' | 'waits'> {
  const { result } = await bench.call(bench.again('next'));
  const refusals: unknown[] = [];
  void result.catch((error: unknown) => refusals.push(error));
  await bench.clock.advance(1_500);
  return refusals.length > 0 ? 'refused' : 'waits';
}

describe("a signer's silence", () => {
  it('is explained in the decision while the caller still waits', async () => {
    let asked = 0;
    const text = 'issuer not ready:\n\u001b[31msecret not found';
    const explain = (): Promise<string> => {
      asked += 1;
      return Promise.resolve(text);
    };
    const bench = await SignerBench.make({ explanations: { explain } });
    const first = await bench.call(bench.order);
    const second = await bench.call(bench.again('r2', { ttlSeconds: 7200 }));
    await bench.clock.advance(3_000);
    const said = 'issuer not ready: [31msecret not found';
    expect(first.order.decision.facts.signerSays).toBe(said);
    expect(second.order.decision.facts.signerSays).toBe(said);
    expect(asked).toBe(1);
  });

  it('is looked into for half a second at most, and an error of that costs nothing', async () => {
    const explain = (_request: unknown, signal: AbortSignal): Promise<string> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    const bench = await SignerBench.make({ explanations: { explain } });
    const { result } = await bench.sign();
    await bench.clock.advance(3_600);
    bench.issue();
    await expect(result).resolves.toBe('PEM');
    expect(bench.order.decision.facts.signerSays).toBeUndefined();
  });

  it('is not looked into when the signer is quick', async () => {
    let asked = 0;
    const explain = (): Promise<undefined> => {
      asked += 1;
      return Promise.resolve(undefined);
    };
    const bench = await SignerBench.make({ explanations: { explain } });
    const { result } = await bench.sign();
    bench.issue();
    await result;
    await bench.clock.advance(10_000);
    expect(asked).toBe(0);
  });
});

describe('a queue for a signer', () => {
  it('stops no other signer, and does not let an abandoned wait make an object', async () => {
    const bench = await SignerBench.make();
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        bench.call(bench.again(`q${at}`, { ttlSeconds: 3600 + at })),
      ),
    );
    const queued = await bench.call(bench.again('queued', { ttlSeconds: 9_000 }));
    expect(bench.requests.objects.size).toBe(20);
    expect([...bench.limiter.loads()]).toEqual([
      { signer: 'clusterissuers.cert-manager.io/foo', limit: 20, inFlight: 20, waiting: 1 },
    ]);
    queued.abort.abort(clientGone);
    await expect(queued.result).rejects.toBe(clientGone);
    bench.issue('PEM', [...bench.requests.objects.keys()][0] ?? name);
    await settle();
    expect(bench.requests.calls.filter((call) => call === 'create')).toHaveLength(20);
  });
});
