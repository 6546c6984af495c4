import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { isConflict } from '../../kube/api-error.ts';
import type {
  SigningRequest,
  SigningRequestApproval,
  SigningRequestDraft,
  SigningRequests,
} from '../../kube/signing-requests.ts';
import type { SigningOutcome } from '../signing-backend.ts';
import { outcomeOf } from './outcome.ts';

/** A request for one certificate that is not a workload's. */
export interface OneRequest {
  readonly draft: SigningRequestDraft;
  /** What we approve it with; undefined where somebody else approves. */
  readonly approval: SigningRequestApproval | undefined;
  /** For how long an end is awaited, in milliseconds; until the signal aborts where absent. */
  readonly waitMs?: number;
  /**
   * Whether the object is looked for by its name when the answer to its creation was lost. A process
   * with a reaper leaves that to it.
   */
  readonly withoutReaper?: boolean;
  /** Called before each attempt to approve. */
  readonly onApproving?: (request: SigningRequest) => void;
  /** Called when the object could not be deleted. */
  readonly onNotDeleted?: (error: unknown) => void;
}

export interface OneRequestPorts {
  readonly requests: SigningRequests;
  readonly clock: Clock;
}

/** The request as it was seen last. It is pending only where `waitMs` was not enough. */
export interface OneRequestEnd {
  readonly request: SigningRequest;
  readonly outcome: SigningOutcome | { readonly kind: 'deleted' };
}

/** The longest that the deletion of the object takes, in milliseconds. */
export const oneDeletionMs = 5_000;

const firstPauseMs = 50;
const maxPauseMs = 1_000;

/**
 * Creates a request, approves it where that is ours to do, awaits its end and deletes it, whatever
 * comes. Nothing is retried but an approval that met a conflict. Throws what the API throws; on abort
 * the signal's reason.
 */
export async function issueOnce(
  order: OneRequest,
  ports: OneRequestPorts,
  signal: AbortSignal,
): Promise<OneRequestEnd> {
  let created: SigningRequest | undefined;
  try {
    created = await ports.requests.create(order.draft, signal);
    return await awaitEnd(created, order, ports, signal);
  } finally {
    await deleteObject(created, order, ports);
  }
}

async function awaitEnd(
  created: SigningRequest,
  order: OneRequest,
  { requests, clock }: OneRequestPorts,
  signal: AbortSignal,
): Promise<OneRequestEnd> {
  const giveUpAt = clock.monotonic() + (order.waitMs ?? Infinity);
  let request = created;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
    const outcome = outcomeOf(request);
    if (outcome.kind !== 'pending' || clock.monotonic() >= giveUpAt) return { request, outcome };
    if (!outcome.approved) await approve(request, order, requests, signal);
    await sleep(clock, pauseMs, signal);
    const found = await requests.read(created.name, signal);
    if (found?.uid !== created.uid) return { request, outcome: { kind: 'deleted' } };
    request = found;
  }
}

/** Somebody may have written to the object meanwhile: the next look approves what is there then. */
async function approve(
  request: SigningRequest,
  { approval, onApproving }: OneRequest,
  requests: SigningRequests,
  signal: AbortSignal,
): Promise<void> {
  if (approval === undefined) return;
  onApproving?.(request);
  try {
    await requests.approve(request, approval, signal);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/** Not bound to the caller's signal, since the object must go in any case. */
async function deleteObject(
  created: SigningRequest | undefined,
  { draft, withoutReaper = false, onNotDeleted }: OneRequest,
  { requests, clock }: OneRequestPorts,
): Promise<void> {
  if (created === undefined && !withoutReaper) return;
  const reason = (): Error => new Error('the API server took too long');
  try {
    await withDeadline({ clock, ms: oneDeletionMs, reason }, async (signal) => {
      const target = created ?? (await requests.read(draft.name, signal));
      if (target !== undefined)
        await requests.remove({ name: target.name, uid: target.uid }, signal);
    });
  } catch (error) {
    onNotDeleted?.(error);
  }
}
