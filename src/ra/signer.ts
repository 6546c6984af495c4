import type { GrantedSigner } from '../authz/granted-signer.ts';
import type { AdmittedRequest } from './csr-policy.ts';
import type { Decision } from './decision.ts';

/** What a signer is asked to sign. Its parts are proofs: there is no order without the checks. */
export interface SigningOrder {
  readonly admitted: AdmittedRequest;
  readonly granted: GrantedSigner;
  /** Seconds, at least 600. */
  readonly ttlSeconds: number;
  readonly decision: Decision;
}

/** What a signer returned: PEM text that nobody has checked yet. */
export interface SignedChain {
  readonly certificatePem: string;
  /**
   * To be told how the check of the answer ended, with its error if it was refused, so that a signer
   * that signs wrongly is found out. It never throws.
   */
  readonly checked?: (error: unknown) => void;
}

/** Gets orders signed. */
export interface Signer {
  /**
   * Returns what the signer returned.
   *
   * Throws SIGNING_DENIED, SIGNING_FAILED, SIGNING_INTERRUPTED, SIGNER_TIMEOUT,
   * SIGNER_UNAVAILABLE, OVERLOADED, KUBERNETES_UNAVAILABLE, KUBERNETES_FORBIDDEN or
   * KUBERNETES_REFUSED; on abort the signal's reason.
   */
  sign(order: SigningOrder, signal: AbortSignal): Promise<SignedChain>;
}
