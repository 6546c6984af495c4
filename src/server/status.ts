import { status } from '@grpc/grpc-js';
import type { RaError, RaErrorCode } from '../base/ra-error.ts';

/**
 * The one map from our error codes to gRPC's. What istio-agent does with a code decides: it retries
 * Canceled, DeadlineExceeded, ResourceExhausted, Aborted, Internal and Unavailable at once, up to
 * five times, and gives up on the others until its next round (Istio's citadel client).
 *
 * Divergence: istiod answers every failure after authentication with InvalidArgument or Internal,
 * and an API server that is away with Unauthenticated, which agents do not retry at once.
 */
const statusByCode: Readonly<Record<RaErrorCode, status>> = {
  CALLER_UNAUTHENTICATED: status.UNAUTHENTICATED,
  IMPERSONATION_REFUSED: status.UNAUTHENTICATED,
  AUTHENTICATION_UNAVAILABLE: status.UNAVAILABLE,
  KUBERNETES_UNAVAILABLE: status.UNAVAILABLE,
  SIGNER_TIMEOUT: status.UNAVAILABLE,
  SIGNER_UNAVAILABLE: status.UNAVAILABLE,
  SIGNING_INTERRUPTED: status.UNAVAILABLE,
  NOT_READY: status.UNAVAILABLE,
  REQUEST_MALFORMED: status.INVALID_ARGUMENT,
  CSR_REJECTED: status.INVALID_ARGUMENT,
  TTL_REJECTED: status.INVALID_ARGUMENT,
  KEY_REFUSED: status.PERMISSION_DENIED,
  SIGNER_REFUSED: status.PERMISSION_DENIED,
  SIGNING_DENIED: status.PERMISSION_DENIED,
  SIGNER_WITHOUT_ROOT: status.FAILED_PRECONDITION,
  SIGNER_NOT_ASSIGNED: status.FAILED_PRECONDITION,
  // An API server that has just started denies what it has not read the rules for yet.
  KUBERNETES_FORBIDDEN: status.UNAVAILABLE,
  SIGNING_FAILED: status.INTERNAL,
  ISSUED_CERTIFICATE_REJECTED: status.INTERNAL,
  KUBERNETES_REFUSED: status.INTERNAL,
  INTERNAL: status.INTERNAL,
  OVERLOADED: status.RESOURCE_EXHAUSTED,
  CANCELLED: status.CANCELLED,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
};

/** What the client is told of an error: its public text and the id under which the log has more. */
export interface ClientStatus {
  readonly code: status;
  readonly details: string;
}

export function toClientStatus(error: RaError, requestId: string): ClientStatus {
  return {
    code: statusByCode[error.code],
    details: `${error.publicMessage} (request ${requestId})`,
  };
}

const requestIdAtEnd = /\(request ([0-9a-f]{32})\)$/;

/** The request id in a status text that `toClientStatus` made; undefined in any other text. */
export function requestIdOf(details: string): string | undefined {
  return requestIdAtEnd.exec(details.slice(-64))?.[1];
}

const retriedAtOnce: ReadonlySet<status> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
]);

/** Whether istio-agent tries again with that answer some 100 ms later. */
export function isRetriedAtOnce(code: status): boolean {
  return retriedAtOnce.has(code);
}

/** The name of a gRPC status, such as `UNAVAILABLE`. */
export function statusName(code: status): string {
  return status[code];
}
