import { status } from '@grpc/grpc-js';
import { errorTable } from '../base/error-table.ts';
import type { RaError } from '../base/ra-error.ts';

/** What the client is told of an error: its public text and the id under which the log has more. */
export interface ClientStatus {
  readonly code: status;
  readonly details: string;
}

export function toClientStatus(error: RaError, requestId: string): ClientStatus {
  return {
    code: status[errorTable[error.code].grpcStatus],
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
