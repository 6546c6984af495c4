import { describe, expect, it } from '@jest/globals';
import { ApiAttempts } from '../../../src/signer/limits/api-attempts.ts';
import { RetainedRequests } from '../../../src/signer/cleanup/retained-requests.ts';
import { OwnAccount } from '../../../src/signer/csr/own-account.ts';
import { DeletionQueue } from '../../../src/signer/cleanup/deletion-queue.ts';
import { nameFor } from '../../../src/signer/csr/request-name.ts';
import { fingerprintOf } from '../../../src/signer/signing-order.ts';
import { RetryBudget } from '../../../src/signer/limits/retry-budget.ts';
import { PermissionTracker } from '../../../src/signer/csr/permission-tracker.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { apiError, FakeSigningRequests } from '../../support/fake-signing-requests.ts';
import { anOrder } from '../../support/orders.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import type { TrackedRequest } from '../../../src/signer/signing-backend.ts';
import { aCsrBackend } from './signer-bench.ts';

const forever = new AbortController().signal;
const bounds = { tries: 3, timeoutMs: 5_000 };

describe('the retry budget', () => {
  it('allows a burst, then a tenth of the calls', async () => {
    const clock = new FakeClock();
    const retries = new RetryBudget({ clock, burst: 10 });
    const attempts = new ApiAttempts({ clock, random: () => 0, retries });
    let calls = 0;
    const failing = (): Promise<never> => {
      calls += 1;
      return Promise.reject(apiError(503));
    };
    for (let request = 0; request < 100; request += 1) {
      const result = attempts.run(bounds, failing, forever).catch(() => undefined);
      await clock.advance(0);
      await result;
    }
    expect(calls - 100).toBeGreaterThanOrEqual(18);
    expect(calls - 100).toBeLessThanOrEqual(20);
    expect(retries.refused).toBeGreaterThan(0);
  });

  it('comes back with time', async () => {
    const clock = new FakeClock();
    const retries = new RetryBudget({ clock, burst: 1 });
    expect([retries.spend(), retries.spend()]).toEqual([true, false]);
    await clock.advance(2_000);
    expect(retries.spend()).toBe(true);
  });

  it('does not end the wait for an API server that is away, but paces it', async () => {
    const clock = new FakeClock();
    const retries = new RetryBudget({ clock, burst: 0 });
    const attempts = new ApiAttempts({ clock, random: () => 1, retries });
    let calls = 0;
    const away = (): Promise<string> => {
      calls += 1;
      const refused = apiError(undefined, 'ConnectionFailed');
      return calls < 6 ? Promise.reject(refused) : Promise.resolve('answer');
    };
    const result = attempts.run(bounds, away, forever);
    await clock.advance(5_000);
    expect(calls).toBeLessThan(6);
    await clock.advance(10_000);
    await expect(result).resolves.toBe('answer');
  });
});

describe('PermissionTracker', () => {
  it('doubts a right that worked for half a minute, and says what is missing once a minute', async () => {
    const clock = new FakeClock();
    const log = new RecordingLogger();
    const permissions = new PermissionTracker({ clock, log });
    permissions.worked('create');
    expect(permissions.isMissing('create')).toBe(false);
    await clock.advance(29_000);
    expect(permissions.isMissing('create')).toBe(false);
    await clock.advance(1_000);
    expect(permissions.isMissing('create')).toBe(true);
    expect(permissions.isMissing('create')).toBe(true);
    expect(log.lines).toHaveLength(1);
    await clock.advance(60_000);
    permissions.isMissing('create');
    expect(log.lines).toHaveLength(2);
  });

  it('misses at once what never worked', () => {
    const permissions = new PermissionTracker({
      clock: new FakeClock(),
      log: new RecordingLogger(),
    });
    expect(permissions.isMissing('approve x')).toBe(true);
  });
});

describe('OwnAccount', () => {
  it('asks once for all, and again only where it learnt nothing', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const reviews = {
      username: () => {
        asked += 1;
        return asked === 1 ? Promise.reject(apiError(503)) : Promise.resolve('us');
      },
    };
    const account = new OwnAccount({ reviews, clock, log: new RecordingLogger() });
    const both = await Promise.all([account.username(forever), account.username(forever)]);
    expect(both).toEqual([undefined, undefined]);
    await account.username(forever);
    expect(asked).toBe(1);
    await clock.advance(15_000);
    await expect(account.username(forever)).resolves.toBe('us');
    await account.username(forever);
    expect(asked).toBe(2);
  });
});

describe('the name of an object', () => {
  it('is the same for whoever repeats the order within five minutes', async () => {
    const { order } = await anOrder(new FakeClock());
    const { order: other } = await anOrder(new FakeClock(), { ttlSeconds: 7200 });
    const [key, otherKey] = [fingerprintOf(order), fingerprintOf(other)];
    expect(nameFor(key, 0)).toMatch(/^ra-[a-z2-7]{26}$/);
    expect(nameFor(key, 299_999)).toBe(nameFor(key, 0));
    expect(nameFor(key, 300_000)).not.toBe(nameFor(key, 0));
    expect(nameFor(key, 0, 'salt')).not.toBe(nameFor(key, 0));
    expect(nameFor(otherKey, 0)).not.toBe(nameFor(key, 0));
  });
});

class RemovalBench {
  readonly clock = new FakeClock();
  readonly requests = new FakeSigningRequests();
  readonly log = new RecordingLogger();
  readonly attempts = new ApiAttempts({ clock: this.clock, random: () => 0 });
  isBusy = true;
  mostAtOnce = 0;
  readonly deletions: DeletionQueue;

  constructor(callMs: number) {
    const { clock, requests, log, attempts } = this;
    let atOnce = 0;
    const remove = async (): Promise<'removed'> => {
      atOnce += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, atOnce);
      await new Promise<void>((resolve) => clock.timer(callMs, resolve));
      atOnce -= 1;
      return 'removed';
    };
    requests.remove = remove;
    const backend = aCsrBackend({ requests, clock, log });
    this.deletions = new DeletionQueue({
      ...{ backend, clock, log, attempts },
      isBusy: () => this.isBusy,
    });
  }

  add(count: number): void {
    for (let at = 0; at < count; at += 1) this.deletions.add({ name: `ra-${at}`, uid: `u${at}` });
  }
}

describe('F42: removals', () => {
  it('keep out of the way in a storm, and go eight at a time when it is over', async () => {
    const bench = new RemovalBench(1_000);
    bench.add(20);
    await bench.clock.advance(2_000);
    expect(bench.mostAtOnce).toBe(2);
    bench.isBusy = false;
    await bench.clock.advance(3_000);
    expect(bench.mostAtOnce).toBe(8);
    expect(bench.deletions.pending).toBe(0);
  });

  it('are done within half a minute in a storm without end', async () => {
    const bench = new RemovalBench(100);
    bench.add(1_000);
    await bench.clock.advance(30_000);
    expect(bench.deletions.pending).toBe(0);
  });

  it('leave alone what another request has taken over, and what another request made', async () => {
    const clock = new FakeClock();
    const [requests, log] = [new FakeSigningRequests(), new RecordingLogger()];
    const attempts = new ApiAttempts({ clock, random: () => 0 });
    const backend = aCsrBackend({ requests, clock, log });
    backend.isAwaited = (name) => name === 'ra-taken';
    const deletions = new DeletionQueue({ backend, clock, log, attempts });
    for (const [name, requestId] of [
      ['ra-taken', 'r1'],
      ['ra-other', 'r2'],
      ['ra-mine', 'r1'],
    ] as const) {
      const annotations = { 'istio-ra/request-id': requestId };
      const rest = { signerName: 's/s', requestPem: '', usages: [], expirationSeconds: 600 };
      await requests.create({ name, labels: {}, annotations, ...rest }, forever);
      deletions.add({ name, requestId: 'r1' });
    }
    await clock.advance(3_000);
    expect([...requests.objects.keys()]).toEqual(['ra-taken', 'ra-other']);
  });
});

describe('RetainedRequests', () => {
  it('are bounded for each signer and in all, the oldest go first', async () => {
    const clock = new FakeClock();
    const log = new RecordingLogger();
    const removed: string[] = [];
    const deletions = {
      add: ({ name }: { readonly name: string }) => {
        removed.push(name);
      },
    };
    const limits = { mostForSigner: 2, most: 3 };
    const retained = new RetainedRequests({
      ...limits,
      ...{ deletions, clock, log },
    });
    for (const [name, signerName] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['a3', 'a'],
      ['b1', 'b'],
      ['c1', 'c'],
    ] as const) {
      retained.retain(name, aPendingRequest(name, signerName), 60_000);
    }
    expect(removed).toEqual(['a1', 'a2']);
    expect(retained.size).toBe(3);
    await retained.stop();
    await settle();
    expect(removed).toHaveLength(5);
    expect(clock.pendingTimers).toBe(0);
  });
});

/** An approved request whose signer never acts. */
function aPendingRequest(name: string, signerName: string): TrackedRequest {
  return {
    ...{ name, uid: `uid-${name}`, signerName, annotations: {} },
    outcome: { kind: 'pending', approved: true },
    ...{ isAdopted: false, isForeign: false, mayBeApproved: true },
    approve: () => Promise.resolve(),
    settle: () => new Promise<never>(() => undefined),
    close: () => undefined,
  };
}
