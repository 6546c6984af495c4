import { messageOf } from './error-message.ts';
/**
 * Everything that can end a request without a certificate. The server maps each code to one gRPC
 * status (server/status.ts); the client is shown `publicMessage` alone, the log and the audit line
 * get the message, the reason and the cause.
 */
const publicMessages = {
  CALLER_UNAUTHENTICATED: 'authentication failed',
  AUTHENTICATION_UNAVAILABLE: 'the caller cannot be authenticated right now',
  IMPERSONATION_REFUSED: 'authentication of the impersonated identity failed',
  REQUEST_MALFORMED: 'request rejected',
  CSR_REJECTED: 'CSR rejected',
  KEY_REFUSED: 'the key is in use by another identity',
  TTL_REJECTED: 'requested validity is outside the permitted range',
  SIGNER_REFUSED: 'the caller may not use the requested signer',
  SIGNER_WITHOUT_ROOT: 'no trust root is configured for the assigned signer',
  SIGNER_NOT_ASSIGNED: 'no signer is assigned to the caller',
  SIGNING_DENIED: 'the certificate request was denied',
  SIGNING_FAILED: 'the signer failed the certificate request',
  SIGNER_TIMEOUT: 'the signer did not answer in time',
  SIGNER_UNAVAILABLE: 'the signer does not work right now',
  SIGNING_INTERRUPTED: 'the certificate request was interrupted',
  ISSUED_CERTIFICATE_REJECTED: 'the signer returned an unacceptable certificate',
  KUBERNETES_UNAVAILABLE: 'the Kubernetes API is unavailable',
  KUBERNETES_FORBIDDEN: 'the registration authority lacks a right that the request needs',
  KUBERNETES_REFUSED: 'the certificate request could not be created',
  OVERLOADED: 'too many requests',
  NOT_READY: 'not ready',
  CANCELLED: 'cancelled by the client',
  DEADLINE_EXCEEDED: 'deadline exceeded',
  INTERNAL: 'internal error',
} as const;

export type RaErrorCode = keyof typeof publicMessages;

export interface RaErrorOptions {
  /** Why, as one snake_case word for audit lines and metrics, such as `san_mismatch`. */
  readonly reason?: string;
  readonly cause?: unknown;
  /** Facts for the log, never for the client. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Replaces the code's own public text where more can safely be said. */
  readonly publicMessage?: string;
}

/** Thrown when a request must not or cannot be answered with a certificate. */
export class RaError extends Error {
  readonly code: RaErrorCode;
  readonly reason: string;
  readonly publicMessage: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: RaErrorCode, message: string, options: RaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RaError';
    this.code = code;
    this.reason = options.reason ?? code.toLowerCase();
    this.publicMessage = options.publicMessage ?? publicMessages[code];
    this.fields = options.fields ?? {};
  }

  /** Anything thrown, as an RaError: unknown errors become INTERNAL and keep the original as cause. */
  static from(error: unknown): RaError {
    if (error instanceof RaError) return error;
    const message = messageOf(error);
    return new RaError('INTERNAL', message, { cause: error });
  }
}
