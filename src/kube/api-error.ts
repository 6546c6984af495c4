/** What went wrong in one call to a Kubernetes API, in the API's own words. */
export interface KubeApiErrorOptions {
  /** The HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** `Status.reason` as the API sent it, or one of ours: `ConnectionFailed`, `TimedOut`, `BadAnswer`. */
  readonly reason: string;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly verb: string;
  readonly resource: string;
  readonly cause?: unknown;
}

/** Thrown by every port of this module when the Kubernetes API refuses, fails or does not answer. */
export class KubeApiError extends Error {
  readonly status: number | undefined;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly verb: string;
  readonly resource: string;

  constructor(message: string, options: KubeApiErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KubeApiError';
    this.status = options.status;
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs;
    this.verb = options.verb;
    this.resource = options.resource;
  }
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof KubeApiError && error.status === status;
}

/** A 409 because the object already exists: the name is taken. */
export function isAlreadyExists(error: unknown): boolean {
  return hasStatus(error, 409) && (error as KubeApiError).reason === 'AlreadyExists';
}

/** A 409 because the object changed since it was read, or a precondition does not hold. */
export function isConflict(error: unknown): boolean {
  return hasStatus(error, 409) && !isAlreadyExists(error);
}

/** The object, or the resource itself, is not there. */
export function isNotFound(error: unknown): boolean {
  return hasStatus(error, 404);
}

/** We are known and may not do this. */
export function isForbidden(error: unknown): boolean {
  return hasStatus(error, 403);
}

/** Our own credentials were not accepted. */
export function isUnauthorized(error: unknown): boolean {
  return hasStatus(error, 401);
}

/** The resourceVersion asked for is no longer kept: only a new list helps. */
export function isGone(error: unknown): boolean {
  return hasStatus(error, 410);
}

/** Worth another try: throttled, failed on the server's side, or not answered at all. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return error.status === undefined || error.status === 429 || error.status >= 500;
}

/** Nobody took the call, or the connection ended under it: an API server that restarts, mostly. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof KubeApiError && error.reason === 'ConnectionFailed';
}
