import { RaError } from '../base/ra-error.ts';
import { isAlreadyExists, KubeApiError } from '../kube/api-error.ts';
import type {
  SigningRequest,
  SigningRequestDraft,
  SigningRequests,
} from '../kube/signing-requests.ts';
import type { ApiAttempts } from './api-attempts.ts';
import { asRaError } from './api-attempts.ts';
import { isWhatWasDrafted } from './request-draft.ts';

const bounds = { tries: 3, timeoutMs: 5_000 };

/**
 * Creates the object, or finds the one that an earlier attempt of ours created without our hearing
 * the answer. Throws KUBERNETES_UNAVAILABLE or KUBERNETES_REFUSED; what comes back is what was
 * drafted, byte for byte where it matters.
 */
export async function submit(
  draft: SigningRequestDraft,
  deps: { readonly requests: SigningRequests; readonly attempts: ApiAttempts },
  signal: AbortSignal,
): Promise<SigningRequest> {
  try {
    const object = await deps.attempts.run(
      bounds,
      (s) => createOrFind(draft, deps.requests, s),
      signal,
    );
    if (isWhatWasDrafted(object, draft)) return object;
  } catch (error) {
    throw asRaError(error, 'create');
  }
  // Somebody with rights on these objects changed or pre-empted ours: it must never be approved.
  throw new RaError('KUBERNETES_REFUSED', 'the created object is not what was asked for', {
    reason: 'created_object_differs',
    fields: { csrName: draft.name },
  });
}

async function createOrFind(
  draft: SigningRequestDraft,
  requests: SigningRequests,
  signal: AbortSignal,
): Promise<SigningRequest> {
  try {
    return await requests.create(draft, signal);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await requests.read(draft.name, signal);
    if (existing !== undefined) return existing;
    throw new KubeApiError('the object vanished between create and read', {
      status: undefined,
      reason: 'Vanished',
      verb: 'get',
      resource: 'certificatesigningrequests',
      cause: error,
    });
  }
}
