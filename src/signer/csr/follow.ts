import { fullJitterMs } from '../../base/backoff.ts';
import type { Random } from '../../base/backoff.ts';
import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { isTransient } from '../../kube/api-error.ts';
import type { SigningRequest, SigningRequests } from '../../kube/signing-requests.ts';
import { transientError } from './transient-error.ts';

export interface FollowOptions {
  readonly requests: SigningRequests;
  readonly clock: Clock;
  readonly random: Random;
}

const backoff = { firstMs: 100, maxMs: 1_000 };
const readMs = 5_000;

/**
 * Reads an object that no watch of ours delivers, again and again, until `isDone` says so of it or
 * it is gone. Throws what is not transient; on abort the signal's reason.
 */
export async function followByReading(
  { name, uid }: Pick<SigningRequest, 'name' | 'uid'>,
  options: FollowOptions & { readonly isDone: (request: SigningRequest) => boolean },
  signal: AbortSignal,
): Promise<SigningRequest | 'gone'> {
  const { clock, random, isDone } = options;
  for (let attempt = 0; ; attempt += 1) {
    const found = await readOnce(name, options, signal);
    if (found !== 'unknown') {
      if (found?.uid !== uid) return 'gone';
      if (isDone(found)) return found;
    }
    await sleep(clock, backoff.firstMs / 2 + fullJitterMs(attempt, backoff, random), signal);
  }
}

async function readOnce(
  name: string,
  { requests, clock }: FollowOptions,
  signal: AbortSignal,
): Promise<SigningRequest | 'unknown' | undefined> {
  const call = { reason: 'TimedOut', verb: 'get' };
  const reason = (): Error => transientError('the API server took too long', call, undefined);
  const limits = { clock, ms: readMs, reason, parent: signal };
  try {
    return await withDeadline(limits, (limited) => requests.read(name, limited));
  } catch (error) {
    signal.throwIfAborted();
    if (isTransient(error)) return 'unknown';
    throw error;
  }
}
