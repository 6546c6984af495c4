/** What an issuer says about itself. Its texts are the signer's own. */
export interface IssuerStatus {
  /** The resource that the signer's name begins with. */
  readonly kind: 'issuers' | 'clusterissuers';
  /** Undefined for a ClusterIssuer. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** Of the condition `Ready`; `Unknown` where there is none. */
  readonly ready: 'True' | 'False' | 'Unknown';
  /** Of the same condition; `NotFound` where there is no such issuer. Empty where nothing is said. */
  readonly reason: string;
  readonly message: string;
}

/** The issuers behind signers whose names say where these are, as cert-manager's do. */
export interface IssuerStatuses {
  /**
   * Undefined where the signer's name is not of the form `clusterissuers.<group>/<name>` or
   * `issuers.<group>/<namespace>.<name>`, or where the API has no such group. Throws a `KubeApiError`
   * when the API refuses, fails or does not answer, and the signal's own reason when it aborts first.
   */
  read(signerName: string, signal: AbortSignal): Promise<IssuerStatus | undefined>;
}
