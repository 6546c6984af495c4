/** A CertificateSigningRequest as we want it to be created. */
export interface SigningRequestDraft {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly signerName: string;
  /** One PEM block of type CERTIFICATE REQUEST. */
  readonly requestPem: string;
  /** In the API's own words, such as `digital signature`. */
  readonly usages: readonly string[];
  /** The API refuses less than 600. */
  readonly expirationSeconds: number;
}

export interface SigningRequestCondition {
  /** `Approved`, `Denied` or `Failed`; signers may add others. */
  readonly type: string;
  /** `True`, `False` or `Unknown`; the three types above are always `True`. */
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** A CertificateSigningRequest as the API knows it. */
export interface SigningRequest {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Milliseconds since the Unix epoch. */
  readonly creationTimestamp: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Who created it, as the API server recorded it. */
  readonly username: string;
  readonly signerName: string;
  readonly requestPem: string;
  readonly usages: readonly string[];
  readonly expirationSeconds: number | undefined;
  readonly conditions: readonly SigningRequestCondition[];
  /** `status.certificate`, decoded but not looked at; undefined until the signer has set it. */
  readonly certificatePem: string | undefined;
  /** The object as the API sent it: approval sends it back unchanged but for the condition. */
  readonly raw: unknown;
}

export interface SigningRequestApproval {
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export type RemovalOutcome = 'removed' | 'already_gone';

/**
 * The calls that a registration authority makes on CertificateSigningRequests. Each throws a
 * `KubeApiError` when the API refuses, fails or does not answer. When `signal` aborts first each
 * rejects with the signal's own reason, and whether the API acted is then unknown.
 */
export interface SigningRequests {
  create(draft: SigningRequestDraft, signal: AbortSignal): Promise<SigningRequest>;
  /** Adds the Approved condition; a conflict when `request` is not the newest version. */
  approve(
    request: SigningRequest,
    approval: SigningRequestApproval,
    signal: AbortSignal,
  ): Promise<SigningRequest>;
  /** Undefined when there is none of that name. */
  read(name: string, signal: AbortSignal): Promise<SigningRequest | undefined>;
  /** Removes that very object: one of the same name with another uid stays, as `already_gone`. */
  remove(
    target: { readonly name: string; readonly uid: string },
    signal: AbortSignal,
  ): Promise<RemovalOutcome>;
  /**
   * Removes what `labelSelector` selects, in one call; returns the uids of what was removed. Where it
   * throws, some may have been.
   */
  removeAll(labelSelector: string, signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** All that `labelSelector` selects, read in pages of 500. */
  list(labelSelector: string, signal: AbortSignal): Promise<readonly SigningRequest[]>;
}
