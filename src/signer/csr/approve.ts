import { RaError } from '../../base/ra-error.ts';
import { isConflict, isForbidden, isNotFound } from '../../kube/api-error.ts';
import type { SigningRequest, SigningRequests } from '../../kube/signing-requests.ts';
import type { ApiAttempts } from '../limits/api-attempts.ts';
import { asRaError } from '../limits/api-attempts.ts';
import { outcomeOf } from './outcome.ts';
import type { PermissionTracker } from './permission-tracker.ts';
import { transientError } from './transient-error.ts';

const bounds = { tries: 3, timeoutMs: 5_000 };
const approval = {
  reason: 'IstioRegistrationAuthority',
  message: 'caller, identity and signer were checked by istio-ra',
};

/**
 * Approves the object, the point of no return: an approval cannot be taken back. After any answer
 * but a success the object is read before another try, since the approval may have been recorded.
 *
 * Returns the newest state, approved or already at its end. Throws SIGNING_INTERRUPTED when the
 * object is gone, KUBERNETES_FORBIDDEN when we may not approve for its signer, and
 * KUBERNETES_UNAVAILABLE otherwise.
 */
export async function approve(
  created: SigningRequest,
  deps: {
    readonly requests: SigningRequests;
    readonly attempts: ApiAttempts;
    readonly permissions: PermissionTracker;
  },
  signal: AbortSignal,
): Promise<SigningRequest> {
  const { requests, attempts, permissions } = deps;
  const permission = `approve signers.certificates.k8s.io/${created.signerName}`;
  let current: SigningRequest | undefined = created;
  const attempt = async (s: AbortSignal): Promise<SigningRequest> => {
    current ??= await readSame(created, requests, s);
    if (isSettled(current)) return current;
    try {
      const approved = await requests.approve(current, approval, s);
      permissions.worked(permission);
      return approved;
    } catch (error) {
      current = undefined;
      throw isConflict(error) || (isForbidden(error) && !permissions.isMissing(permission))
        ? asTransient(error)
        : error;
    }
  };
  try {
    return await attempts.run(bounds, attempt, signal);
  } catch (error) {
    if (isNotFound(error)) throw gone(created, error);
    throw asRaError(error, 'approve');
  }
}

function isSettled(request: SigningRequest): boolean {
  const outcome = outcomeOf(request);
  return outcome.kind !== 'pending' || outcome.approved;
}

async function readSame(
  created: SigningRequest,
  requests: SigningRequests,
  signal: AbortSignal,
): Promise<SigningRequest> {
  const found = await requests.read(created.name, signal);
  if (found?.uid !== created.uid) throw gone(created);
  return found;
}

/** Somebody changed the object in between, or the API server has just started: look again. */
function asTransient(cause: unknown): Error {
  const reason = isConflict(cause) ? 'Conflict' : 'Forbidden';
  const call = { reason, verb: 'update', subresource: 'approval' };
  return transientError('the object could not be approved as it was', call, cause);
}

function gone(request: SigningRequest, cause?: unknown): RaError {
  return new RaError('SIGNING_INTERRUPTED', 'the object was deleted before it was approved', {
    reason: 'deleted_unapproved',
    fields: { csrName: request.name },
    cause,
  });
}
