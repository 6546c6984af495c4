import { errorTable } from '../base/error-table.ts';
import { RaError } from '../base/ra-error.ts';
import type { Verdict } from './limits/circuit.ts';
import type { TrackedRequest } from './signing-backend.ts';

/** Shorter waits tell nothing of a signer: it may be slow, or its client in a hurry. */
const telltaleStallMs = 5_000;
/** A client that cancelled rarely returns; within this the serial of what was signed is learnt. */
const afterCancelMs = 5_000;

/** What signers call a request that they will never sign: the request's fault, not theirs. */
const requestFaults = /valid|denied|polic|support|duration|badrequest|refused|forbidden/i;

/** How long an approved request is retained for a retry, in ms, when the signal has ended its wait. */
export function retentionMsAfter(signal: AbortSignal, retainForRetryMs: number): number {
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  if (!(reason instanceof RaError)) return 0;
  if (reason.code === 'CANCELLED') return Math.min(afterCancelMs, retainForRetryMs);
  return errorTable[reason.code].outcome === 'abandoned' ? retainForRetryMs : 0;
}

/**
 * Whether a request object that vanished may be replaced by a new one: if it never was approved, or
 * was another issuance's to delete. An approved one of our own that somebody deleted is at its end.
 */
export function mayCreateAnew(error: unknown, request: Pick<TrackedRequest, 'isAdopted'>): boolean {
  if (!(error instanceof RaError) || error.code !== 'SIGNING_INTERRUPTED') return false;
  return error.reason === 'deleted_unapproved' || request.isAdopted;
}

/** What an issuance's error says of the signer; `waitedMs` since the approval, if there was one. */
export function verdictOn(
  error: unknown,
  waitedMs: number | undefined,
): { readonly kind: Verdict; readonly isStalled: boolean } {
  if (!(error instanceof RaError)) return { kind: 'neutral', isStalled: false };
  const { blame, outcome } = errorTable[error.code];
  if (outcome === 'abandoned') {
    const isStalled = waitedMs !== undefined && waitedMs >= telltaleStallMs;
    return { kind: isStalled ? 'fault' : 'neutral', isStalled };
  }
  const isFault = blame === 'signer' && !isFaultOfRequest(error);
  return { kind: isFault ? 'fault' : 'neutral', isStalled: false };
}

function isFaultOfRequest({ fields: { conditionReason } }: RaError): boolean {
  return typeof conditionReason === 'string' && requestFaults.test(conditionReason);
}
