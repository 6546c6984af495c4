import { describe, expect, it } from '@jest/globals';
import { renewCertificate } from '../../../../src/cli/request/renew-certificate.ts';
import type {
  FailureFacts,
  RenewedCertificate,
} from '../../../../src/cli/request/renew-certificate.ts';
import { agentGracePeriod } from '../../../../src/cli/request/renewal-time.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';

const hour = 3_600_000;
const busy = new Error('busy');
const refused = new Error('refused');

/** A keeper whose rounds take no time; those that stand in `failures` by their number throw. */
function scene(
  options: {
    readonly failures?: readonly (Error | undefined)[];
    readonly lifetimeMs?: number;
  } = {},
) {
  const { failures = [], lifetimeMs = hour } = options;
  const clock = new FakeClock(0);
  const stopping = new AbortController();
  const kept: RenewedCertificate[] = [];
  const failed: FailureFacts[] = [];
  let rounds = 0;
  const over = renewCertificate(
    {
      obtain: () => {
        const failure = failures[rounds];
        rounds += 1;
        if (failure !== undefined) return Promise.reject(failure);
        const obtainedAt = clock.now();
        const leaf = {
          serialNumber: String(rounds),
          notBefore: 0,
          notAfter: obtainedAt + lifetimeMs,
        };
        return Promise.resolve({
          ...{ identity: 'spiffe://a/ns/b/sa/c', privateKeyPem: '', chain: [], leaf, obtainedAt },
        });
      },
      use: (certificate) => {
        kept.push(certificate);
        return Promise.resolve();
      },
      onFailure: (_error, facts) => failed.push(facts),
      isRetried: (error) => error === busy,
      ...{ gracePeriod: agentGracePeriod, clock, random: () => 0.5 },
    },
    stopping.signal,
  );
  return { clock, kept, failed, over, stop: () => stopping.abort(new Error('stopped')) };
}

function serials(kept: readonly RenewedCertificate[]): readonly string[] {
  return kept.map(({ leaf }) => leaf.serialNumber);
}

describe('renewCertificate', () => {
  it('renews when half the lifetime is over', async () => {
    const { clock, kept, stop } = scene();
    await clock.advance(hour / 2 - 1);
    expect(serials(kept)).toEqual(['1']);
    await clock.advance(1);
    expect(serials(kept)).toEqual(['1', '2']);
    stop();
  });

  it('says of each certificate when the next is asked for, and which was the first', async () => {
    const { clock, kept, stop } = scene();
    await clock.advance(hour / 2);
    expect(kept.map(({ renewalAt, isFirst }) => [renewalAt, isFirst])).toEqual([
      [hour / 2, true],
      [hour, false],
    ]);
    stop();
  });

  it('goes on for as many lifetimes as it is left alone', async () => {
    const { clock, kept, stop } = scene();
    await clock.advance(10 * hour);
    expect(kept).toHaveLength(21);
    stop();
  });

  it('tries again after a failure, later each time and half a minute at most', async () => {
    const failures = [undefined, ...Array.from({ length: 9 }, () => refused)];
    const { clock, failed, stop } = scene({ failures });
    await clock.advance(hour);
    expect(failed.map(({ retryInMs }) => retryInMs)).toEqual([
      1_500, 2_000, 3_000, 5_000, 9_000, 15_500, 15_500, 15_500, 15_500,
    ]);
    stop();
  });

  it('tells with a failure which certificate is still in use', async () => {
    const { clock, failed, stop } = scene({ failures: [undefined, refused] });
    await clock.advance(hour / 2);
    expect(failed.map(({ held }) => held?.leaf.serialNumber)).toEqual(['1']);
    stop();
  });

  it('waits for an authority that is not there yet', async () => {
    const { clock, kept, stop } = scene({ failures: [busy, busy] });
    await clock.advance(10_000);
    expect(serials(kept)).toEqual(['3']);
    stop();
  });

  it('ends with a refusal before the first certificate', async () => {
    await expect(scene({ failures: [refused] }).over).rejects.toBe(refused);
  });

  it('survives a refusal after the first certificate', async () => {
    const { clock, kept, stop } = scene({ failures: [undefined, refused] });
    await clock.advance(hour / 2 + 1_500);
    expect(serials(kept)).toEqual(['1', '3']);
    stop();
  });

  it('does not ask without pause for certificates that have ended when they come', async () => {
    const { clock, kept, stop } = scene({ lifetimeMs: 0 });
    await clock.advance(9_999);
    expect(kept).toHaveLength(10);
    stop();
  });

  it('notices by the wall clock that a machine has slept', async () => {
    const { clock, kept, stop } = scene();
    await settle();
    clock.now = () => hour;
    await clock.advance(30_000);
    expect(kept).toHaveLength(2);
    stop();
  });

  it.each([
    ['waits for a renewal', []],
    ['waits after a failure', [busy]],
  ])('resolves and leaves no timer when it is stopped while it %s', async (_what, failures) => {
    const { clock, over, stop } = scene({ failures });
    await clock.advance(1);
    stop();
    await over;
    expect(clock.pendingTimers).toBe(0);
  });
});
