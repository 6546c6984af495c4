import { fullJitterMs } from '../../base/backoff.ts';
import type { Random } from '../../base/backoff.ts';
import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import type { ObtainedCertificate } from './certificate-round.ts';
import { renewalTime } from './renewal-time.ts';
import type { GracePeriod } from './renewal-time.ts';

/** A certificate that is in use now. */
export interface RenewedCertificate extends ObtainedCertificate {
  /** When the next one is asked for, in epoch milliseconds. */
  readonly renewalAt: number;
  readonly isFirst: boolean;
}

export interface RenewalOptions {
  /** Gets a new certificate for a new key, with an agent's retries. It heeds the signal. */
  readonly obtain: (signal: AbortSignal) => Promise<ObtainedCertificate>;
  /** Puts it to use. What it throws counts as a failure, and another certificate is asked for. */
  readonly use: (kept: RenewedCertificate) => Promise<void>;
  /** Told of each failure, of how long until the next try, and of what is still in use. */
  readonly onFailure: (error: unknown, next: FailureFacts) => void;
  /** Whether what was thrown may be over a moment later. */
  readonly isRetried: (error: unknown) => boolean;
  readonly gracePeriod: GracePeriod;
  readonly clock: Clock;
  readonly random: Random;
}

export interface FailureFacts {
  readonly retryInMs: number;
  readonly held: RenewedCertificate | undefined;
}

/** Also a certificate that lives for no time at all is not asked for in one go. */
const minPauseMs = 1_000;
/** An agent's proxy comes back for a certificate with jitter, half a minute later at most. */
const backoff = { firstMs: 1_000, maxMs: 29_000 };
/** Timers stand still while a machine sleeps; the wall clock, which ends certificates, does not. */
const maxSleepMs = 30_000;

/**
 * Holds a certificate and renews it before it ends, one round at a time, until `signal` aborts; then
 * it resolves. Throws only where there has never been a certificate and the reason is none that
 * waiting helps against: somebody typed something wrong. Later failures are told and tried again.
 */
export async function renewCertificate(
  options: RenewalOptions,
  signal: AbortSignal,
): Promise<void> {
  const { obtain, use, onFailure, isRetried, gracePeriod, clock, random } = options;
  let held: RenewedCertificate | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const obtained = await obtain(signal);
      const times = { obtainedAt: obtained.obtainedAt, notAfter: obtained.leaf.notAfter };
      const renewalAt = Math.max(
        renewalTime(times, gracePeriod, random),
        obtained.obtainedAt + minPauseMs,
      );
      const kept = { ...obtained, renewalAt, isFirst: held === undefined };
      await use(kept);
      held = kept;
      failures = 0;
      await sleepUntil(clock, renewalAt, signal);
    } catch (error) {
      if (isOver(signal)) return;
      if (held === undefined && !isRetried(error)) throw error;
      const retryInMs = minPauseMs + fullJitterMs(failures, backoff, random);
      failures += 1;
      onFailure(error, { retryInMs, held });
      await sleep(clock, retryInMs, signal).catch(() => undefined);
    }
  }
}

/** A function, since the compiler takes a signal that was not aborted before an await for one that is not now. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function sleepUntil(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  for (let left = at - clock.now(); left > 0; left = at - clock.now()) {
    await sleep(clock, Math.min(left, maxSleepMs), signal);
  }
}
