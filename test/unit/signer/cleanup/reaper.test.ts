import { describe, expect, it } from '@jest/globals';
import { ApiAttempts } from '../../../../src/signer/limits/api-attempts.ts';
import { Reaper } from '../../../../src/signer/cleanup/reaper.ts';
import { DeletionQueue } from '../../../../src/signer/cleanup/deletion-queue.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { apiError, FakeSigningRequests } from '../../../support/fake-signing-requests.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { aCsrBackend } from '../signer-bench.ts';

const us = 'system:serviceaccount:istio-system:istio-ra';

class Bench {
  readonly clock = new FakeClock();
  readonly requests = new FakeSigningRequests();
  readonly log = new RecordingLogger();
  readonly inFlight = new Set<string>();
  readonly reaper: Reaper;

  constructor(username: string | undefined = us) {
    const { clock, requests, log } = this;
    const attempts = new ApiAttempts({ clock, random: () => 0.5 });
    const backend = aCsrBackend({ requests, clock, log, username });
    backend.isAwaited = (name) => this.inFlight.has(name);
    const deletions = new DeletionQueue({ backend, attempts, clock, log });
    this.reaper = new Reaper({ backend, clock, log, deletions, orphanedAfterMs: 75_000 });
  }

  async add(name: string): Promise<void> {
    const draft = {
      ...{ name, labels: {}, annotations: {}, signerName: 'a.b/c', requestPem: '' },
      ...{ usages: [], expirationSeconds: 600 },
    };
    await this.requests.create(draft, new AbortController().signal);
  }
}

describe('Reaper', () => {
  it('F49: removes what a killed replica left behind, within two minutes', async () => {
    const bench = new Bench();
    await bench.add('ra-orphan');
    bench.reaper.start();
    await bench.clock.advance(74_000);
    expect(bench.requests.objects.size).toBe(1);
    await bench.clock.advance(46_000);
    expect(bench.requests.objects.size).toBe(0);
    expect(bench.reaper.reaped).toBe(1);
    await bench.reaper.stop();
  });

  it('F50: does no harm beside another reaper', async () => {
    const bench = new Bench();
    await bench.add('ra-orphan');
    bench.reaper.start();
    await bench.clock.advance(74_000);
    bench.requests.objects.clear();
    await bench.add('ra-orphan');
    await bench.clock.advance(46_000);
    expect(bench.requests.objects.size).toBe(1);
    await bench.reaper.stop();
  });

  it('leaves alone what one of our own requests still waits for', async () => {
    const bench = new Bench();
    bench.inFlight.add('ra-mine');
    await bench.add('ra-mine');
    bench.reaper.start();
    await bench.clock.advance(300_000);
    expect(bench.requests.objects.size).toBe(1);
    await bench.reaper.stop();
  });

  it.each([
    ['another account', 'system:serviceaccount:x:y'],
    ['nobody', undefined],
  ])('touches nothing while it is %s', async (_who, username) => {
    const bench = new Bench(username ?? '');
    await bench.add('ra-foreign');
    bench.reaper.start();
    await bench.clock.advance(300_000);
    expect(bench.requests.objects.size).toBe(1);
    await bench.reaper.stop();
  });

  it('counts the age of a second object of the same name anew', async () => {
    const bench = new Bench();
    await bench.add('ra-x');
    bench.reaper.start();
    await bench.clock.advance(60_000);
    bench.requests.objects.clear();
    await bench.add('ra-x');
    await bench.clock.advance(60_000);
    expect(bench.requests.objects.size).toBe(1);
    await bench.reaper.stop();
  });

  it('goes on after the API server was away', async () => {
    const bench = new Bench();
    await bench.add('ra-orphan');
    bench.requests.disturb('list', { kind: 'hangs' }, { kind: 'fails', error: apiError(503) });
    bench.reaper.start();
    await bench.clock.advance(180_000);
    expect(bench.requests.objects.size).toBe(0);
    await bench.reaper.stop();
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
