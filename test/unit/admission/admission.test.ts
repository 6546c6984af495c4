import { describe, expect, it } from '@jest/globals';
import { Admission } from '../../../src/admission/admission.ts';
import type { AdmissionOptions } from '../../../src/admission/admission.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const signal = new AbortController().signal;
const pod = { kind: 'pod', id: 'Kubernetes/uid-1' } as const;

function setUp(options: Partial<AdmissionOptions> = {}) {
  const clock = new FakeClock();
  const admission = new Admission({ clock, random: () => 0, ...options });
  const knock = (connection = '10.0.0.1:1'): Promise<unknown> =>
    admission.unauthenticated({ connection, bytes: 1_000, signal });
  return { admission, clock, knock };
}

function allowed(admission: Admission, caller: Parameters<Admission['count']>[0], tries: number) {
  let count = 0;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    try {
      admission.count(caller, '10.0.0.1:1');
      count += 1;
    } catch {
      // One too many.
    }
  }
  return count;
}

describe('a storm before authentication', () => {
  it('of 4,000 finds room beside 64 who are at work', async () => {
    const { admission, knock } = setUp();
    for (let calls = 0; calls < 4_064; calls += 1) void knock(`10.0.0.1:${calls}`);
    await settle();

    expect(admission.counts.authentication).toMatchObject({
      inFlight: 64,
      waiting: 4_000,
      turnedAway: 0,
    });
  });

  it('ends at the bound, with the reason for the client', async () => {
    const { admission, knock } = setUp();
    for (let calls = 0; calls < 4_064; calls += 1) void knock(`10.0.0.1:${calls}`);

    await expect(knock('10.0.0.2:1')).rejects.toMatchObject({
      code: 'OVERLOADED',
      reason: 'waiting_room_full',
      publicMessage: 'too many requests wait to be authenticated',
    });
    expect(admission.counts.turnedAway.waiting_room_full).toBe(1);
  });

  it('is turned away while the server is overloaded, and those who are known are not', async () => {
    let lags = true;
    const { admission, knock } = setUp({ isOverloaded: () => lags });

    await expect(knock()).rejects.toMatchObject({ code: 'OVERLOADED', reason: 'overloaded' });
    const entered = admission.authenticated({ namespace: 'foo', bytes: 1, signal });
    await expect(entered).resolves.toBeDefined();
    lags = false;
    await expect(knock()).resolves.toBeDefined();
  });
});

describe('the rate', () => {
  it('of a pod is a burst of 20 and then 5 a minute', async () => {
    const { admission, clock } = setUp();

    expect(allowed(admission, pod, 100)).toBe(20);
    await clock.advance(60_000);
    expect(allowed(admission, pod, 100)).toBe(5);
  });

  it('of one pod is not that of another', () => {
    const { admission } = setUp();
    allowed(admission, pod, 100);

    expect(allowed(admission, { kind: 'pod', id: 'Kubernetes/uid-2' }, 1)).toBe(1);
  });

  it('of a node agent for its pods is its own and leaves alone what it asks for itself', () => {
    const { admission } = setUp();

    expect(allowed(admission, { ...pod, kind: 'node-agent' }, 1_000)).toBe(300);
    expect(allowed(admission, pod, 100)).toBe(20);
  });

  it('of an identity that many machines may share is larger than that of a pod', () => {
    const { admission } = setUp();

    expect(allowed(admission, { kind: 'identity', id: 'spiffe://td/ns/a/sa/b' }, 500)).toBe(100);
  });

  it('is told in the refusal and counted', () => {
    const { admission } = setUp();
    allowed(admission, pod, 20);

    expect(() => {
      admission.count(pod, '10.0.0.1:1');
    }).toThrow(expect.objectContaining({ code: 'OVERLOADED', reason: 'rate_limited' }));
    expect(admission.counts.turnedAway.rate_limited).toBe(1);
  });

  it('can be turned off', () => {
    const { admission } = setUp({ limits: { perPod: undefined } });

    expect(allowed(admission, pod, 1_000)).toBe(1_000);
  });
});

describe('authentication that fails', () => {
  const bad = '10.0.0.9:9';

  it('may fail twenty times on a connection, then no more is asked', async () => {
    const { admission, knock } = setUp();
    for (let failures = 0; failures < 20; failures += 1) {
      await knock(bad);
      admission.failed(bad);
    }

    await expect(knock(bad)).rejects.toMatchObject({ reason: 'authentication_failures' });
    await expect(knock('10.0.0.9:10')).resolves.toBeDefined();
  });

  it('may be tried again after a while', async () => {
    const { admission, clock, knock } = setUp();
    for (let failures = 0; failures < 20; failures += 1) admission.failed(bad);
    await clock.advance(3_000);

    await expect(knock(bad)).resolves.toBeDefined();
  });

  it('is made up for by one that succeeds, for many may share a connection', async () => {
    const { admission, knock } = setUp();
    for (let pairs = 0; pairs < 1_000; pairs += 1) {
      admission.failed(bad);
      admission.count({ kind: 'pod', id: `uid-${pairs}` }, bad);
    }

    await expect(knock(bad)).resolves.toBeDefined();
  });

  it('also turns away those of its connection who wait already, and frees their turn', async () => {
    const { admission, knock } = setUp({ limits: { authenticating: 1 } });
    const first = await admission.unauthenticated({ connection: bad, bytes: 1, signal });
    const second = knock(bad);
    const other = knock('10.0.0.8:8');
    for (let failures = 0; failures < 20; failures += 1) admission.failed(bad);
    first.release();

    await expect(second).rejects.toMatchObject({ reason: 'authentication_failures' });
    await expect(other).resolves.toBeDefined();
  });
});

describe('work', () => {
  it('is for 256 at once, and for 64 of one namespace where others wait', async () => {
    const { admission } = setUp();
    const flood = Array.from({ length: 2_000 }, () =>
      admission.authenticated({ namespace: 'flood', bytes: 1_000, signal }),
    );
    await settle();
    expect(admission.counts.work).toMatchObject({ inFlight: 256, waiting: 1_744 });

    const other = admission.authenticated({ namespace: 'quiet', bytes: 1_000, signal });
    (await flood[0])?.release();

    await expect(other).resolves.toBeDefined();
  });

  it('has room for others where one namespace has filled the waiting room', async () => {
    const { admission } = setUp();
    const flood = Array.from({ length: 4_256 }, () =>
      admission.authenticated({ namespace: 'flood', bytes: 1_000, signal }),
    );
    await settle();
    const other = admission.authenticated({ namespace: 'quiet', bytes: 1_000, signal });

    await expect(flood.at(-1)).rejects.toMatchObject({ reason: 'queue_full' });
    (await flood[0])?.release();
    await expect(other).resolves.toBeDefined();
  });
});

describe('a shutdown', () => {
  it('answers those who wait with NOT_READY and lets go the answers that are held back', async () => {
    const { admission, clock, knock } = setUp({ limits: { authenticating: 1 } });
    await knock();
    const waiting = knock();
    const held = admission.holdBack(signal);
    admission.close();

    await expect(waiting).rejects.toMatchObject({ code: 'NOT_READY', reason: 'shutting_down' });
    await held;
    expect(clock.pendingTimers).toBe(0);
    expect(admission.counts).toMatchObject({ delayed: 0, authentication: { waiting: 0 } });
  });
});

describe('admission without limits', () => {
  it('lets everybody in and answers at once', async () => {
    const admission = Admission.unlimited(new FakeClock());
    const strangers = Array.from({ length: 10_000 }, () =>
      admission.unauthenticated({ connection: 'a', bytes: 1e6, signal }),
    );
    for (let failures = 0; failures < 100; failures += 1) admission.failed('a');

    await expect(Promise.all(strangers)).resolves.toHaveLength(10_000);
    expect(allowed(admission, pod, 1_000)).toBe(1_000);
    await expect(admission.holdBack(signal)).resolves.toBeUndefined();
  });
});
