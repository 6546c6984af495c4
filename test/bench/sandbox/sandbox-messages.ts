export interface SandboxQuestion {
  readonly id: number;
}

/** The sandbox as it is now. */
export interface SandboxAnswer {
  readonly id: number;
  readonly url: string;
  /** How often each call was made since the start. */
  readonly calls: readonly (readonly [string, number])[];
  /** CertificateSigningRequests that exist. */
  readonly left: number;
}
