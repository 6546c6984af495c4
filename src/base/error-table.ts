/** The words that istiod's label `error` takes. */
type IstiodSignError = 'CA_NOT_READY' | 'CSR_ERROR' | 'TTL_ERROR' | 'CERT_GEN_ERROR' | 'UNKNOWN';

/** All that is known of one error code. */
interface ErrorRow {
  /** All that the client is told, unless more can safely be said (`RaErrorOptions.publicMessage`). */
  readonly publicText: string;
  /**
   * Whose fault it is: the caller's, ours (with the cluster and the configuration that we depend on)
   * or the signer's. What is the signer's fault counts against it (signer/issuance-end.ts).
   */
  readonly blame: 'caller' | 'us' | 'signer';
  /** `abandoned`: nobody decided against the request, but its client or its time went away. */
  readonly outcome: 'refused' | 'abandoned';
  /** How loud the log line about the refused request is. */
  readonly logLevel: 'info' | 'warn' | 'error';
  /** The counter of istiod's CA: that of failed authentications, or that of failed signing and its label. */
  readonly istiodCounter: 'authentication' | IstiodSignError;
  /** The name of the gRPC status that the client is answered with. */
  readonly grpcStatus: GrpcStatusName;
}

/**
 * The gRPC statuses of our answers, each with what a caller who gets it can look at: a caller sees
 * the status and not the code. cli/request/call-advice.ts has the texts.
 *
 * What istio-agent does with a status decides which one a code gets: it retries Canceled,
 * DeadlineExceeded, ResourceExhausted, Aborted, Internal and Unavailable at once, up to five times,
 * and gives up on the others until its next round (Istio's citadel client).
 *
 * Divergence: istiod answers every failure after authentication with InvalidArgument or Internal,
 * and an API server that is away with Unauthenticated, which agents do not retry at once.
 */
export const callerHints = {
  UNAUTHENTICATED: 'token',
  PERMISSION_DENIED: 'signer',
  FAILED_PRECONDITION: 'signer',
  INVALID_ARGUMENT: 'request',
  RESOURCE_EXHAUSTED: 'later',
  DEADLINE_EXCEEDED: 'timeout',
  UNAVAILABLE: 'connection',
  INTERNAL: 'none',
  CANCELLED: 'none',
} as const;

export type GrpcStatusName = keyof typeof callerHints;

/** Everything that can end a request without a certificate. A new code is a new row here, and nothing else. */
export const errorTable = {
  CALLER_UNAUTHENTICATED: {
    publicText: 'authentication failed',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'authentication',
    grpcStatus: 'UNAUTHENTICATED',
  },
  AUTHENTICATION_UNAVAILABLE: {
    publicText: 'the caller cannot be authenticated right now',
    blame: 'us',
    outcome: 'refused',
    logLevel: 'warn',
    istiodCounter: 'authentication',
    grpcStatus: 'UNAVAILABLE',
  },
  IMPERSONATION_REFUSED: {
    publicText: 'authentication of the impersonated identity failed',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'authentication',
    grpcStatus: 'UNAUTHENTICATED',
  },
  REQUEST_MALFORMED: {
    publicText: 'request rejected',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'CSR_ERROR',
    grpcStatus: 'INVALID_ARGUMENT',
  },
  CSR_REJECTED: {
    publicText: 'CSR rejected',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'CSR_ERROR',
    grpcStatus: 'INVALID_ARGUMENT',
  },
  KEY_REFUSED: {
    publicText: 'the key is in use by another identity',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'UNKNOWN',
    grpcStatus: 'PERMISSION_DENIED',
  },
  TTL_REJECTED: {
    publicText: 'requested validity is outside the permitted range',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'TTL_ERROR',
    grpcStatus: 'INVALID_ARGUMENT',
  },
  SIGNER_REFUSED: {
    publicText: 'the caller may not use the requested signer',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'UNKNOWN',
    grpcStatus: 'PERMISSION_DENIED',
  },
  SIGNER_WITHOUT_ROOT: {
    publicText: 'no trust root is configured for the assigned signer',
    blame: 'us',
    outcome: 'refused',
    logLevel: 'warn',
    istiodCounter: 'CA_NOT_READY',
    grpcStatus: 'FAILED_PRECONDITION',
  },
  SIGNER_NOT_ASSIGNED: {
    publicText: 'no signer is assigned to the caller',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'UNKNOWN',
    grpcStatus: 'FAILED_PRECONDITION',
  },
  SIGNING_DENIED: {
    publicText: 'the certificate request was denied',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'CERT_GEN_ERROR',
    grpcStatus: 'PERMISSION_DENIED',
  },
  SIGNING_FAILED: {
    publicText: 'the signer failed the certificate request',
    blame: 'signer',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'CERT_GEN_ERROR',
    grpcStatus: 'INTERNAL',
  },
  SIGNER_TIMEOUT: {
    publicText: 'the signer did not answer in time',
    blame: 'signer',
    outcome: 'abandoned',
    logLevel: 'warn',
    istiodCounter: 'CERT_GEN_ERROR',
    grpcStatus: 'UNAVAILABLE',
  },
  SIGNER_UNAVAILABLE: {
    publicText: 'the signer does not work right now',
    blame: 'signer',
    outcome: 'refused',
    logLevel: 'warn',
    istiodCounter: 'CA_NOT_READY',
    grpcStatus: 'UNAVAILABLE',
  },
  SIGNING_INTERRUPTED: {
    publicText: 'the certificate request was interrupted',
    blame: 'us',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'CERT_GEN_ERROR',
    grpcStatus: 'UNAVAILABLE',
  },
  ISSUED_CERTIFICATE_REJECTED: {
    publicText: 'the signer returned an unacceptable certificate',
    blame: 'signer',
    outcome: 'refused',
    logLevel: 'warn',
    istiodCounter: 'CERT_GEN_ERROR',
    grpcStatus: 'INTERNAL',
  },
  KUBERNETES_UNAVAILABLE: {
    publicText: 'the Kubernetes API is unavailable',
    blame: 'us',
    outcome: 'refused',
    logLevel: 'warn',
    istiodCounter: 'CERT_GEN_ERROR',
    grpcStatus: 'UNAVAILABLE',
  },
  KUBERNETES_FORBIDDEN: {
    publicText: 'the registration authority lacks a right that the request needs',
    blame: 'us',
    outcome: 'refused',
    logLevel: 'warn',
    istiodCounter: 'CERT_GEN_ERROR',
    // An API server that has just started denies what it has not read the rules for yet.
    grpcStatus: 'UNAVAILABLE',
  },
  KUBERNETES_REFUSED: {
    publicText: 'the certificate request could not be created',
    blame: 'us',
    outcome: 'refused',
    logLevel: 'warn',
    istiodCounter: 'CERT_GEN_ERROR',
    grpcStatus: 'INTERNAL',
  },
  OVERLOADED: {
    publicText: 'too many requests',
    blame: 'caller',
    outcome: 'refused',
    logLevel: 'info',
    istiodCounter: 'CA_NOT_READY',
    grpcStatus: 'RESOURCE_EXHAUSTED',
  },
  NOT_READY: {
    publicText: 'not ready',
    blame: 'us',
    outcome: 'refused',
    logLevel: 'warn',
    istiodCounter: 'CA_NOT_READY',
    grpcStatus: 'UNAVAILABLE',
  },
  CANCELLED: {
    publicText: 'cancelled by the client',
    blame: 'caller',
    outcome: 'abandoned',
    logLevel: 'info',
    istiodCounter: 'UNKNOWN',
    grpcStatus: 'CANCELLED',
  },
  DEADLINE_EXCEEDED: {
    publicText: 'deadline exceeded',
    blame: 'caller',
    outcome: 'abandoned',
    logLevel: 'info',
    istiodCounter: 'UNKNOWN',
    grpcStatus: 'DEADLINE_EXCEEDED',
  },
  INTERNAL: {
    publicText: 'internal error',
    blame: 'us',
    outcome: 'refused',
    logLevel: 'error',
    istiodCounter: 'UNKNOWN',
    grpcStatus: 'INTERNAL',
  },
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type RaErrorCode = keyof typeof errorTable;
