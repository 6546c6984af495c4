import type { Caller } from './caller.ts';

/** What a client sent that may prove who it is. Nothing here has been checked. */
export interface Credentials {
  /** Values of the `authorization` header. Node's HTTP/2 keeps only the first of several. */
  readonly authorization: readonly string[];
  /** Values of the `clusterid` header, in which clients name the cluster they run in. */
  readonly clusterIds: readonly string[];
  /**
   * The client's certificate, DER. TLS made sure that the client holds its key, and of nothing else:
   * who signed it, and whether it proves anything, is for the authenticator to find out.
   */
  readonly clientCertificate: Uint8Array | undefined;
  /** What the client sent beside it, DER; they may lead from it to a root. */
  readonly peerIntermediates?: readonly Uint8Array[] | undefined;
}

/** Finds out who calls. */
export interface Authenticator {
  /**
   * Returns the caller, never null.
   *
   * Throws CALLER_UNAUTHENTICATED when the credentials prove nothing, and
   * AUTHENTICATION_UNAVAILABLE when nobody could say (agents retry that one at once).
   */
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<Caller>;
}
