/** What was last said about a CertificateSigningRequest, by anybody who may write events. */
export interface RequestEvents {
  /**
   * Reason and message of the newest event about that very object; undefined where there is none.
   * Throws a `KubeApiError` when the API refuses, fails or does not answer, and the signal's own
   * reason when it aborts first.
   */
  latest(
    request: { readonly name: string; readonly uid: string },
    signal: AbortSignal,
  ): Promise<string | undefined>;
}
