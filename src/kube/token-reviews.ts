/** What the API server says about a bearer token. */
export interface TokenReviewResult {
  readonly authenticated: boolean;
  /** Set when the token could not be checked or is wrong; never trust a result that has it. */
  readonly error: string | undefined;
  readonly username: string | undefined;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  /** Those of the audiences asked for that the token carries. */
  readonly audiences: readonly string[];
  /** Such as `authentication.kubernetes.io/pod-name`. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface TokenReviews {
  /**
   * Throws a `KubeApiError` when no verdict came, and the signal's own reason when it aborts first.
   * A wrong token is no error but a result.
   */
  review(
    token: string,
    audiences: readonly string[],
    signal: AbortSignal,
  ): Promise<TokenReviewResult>;
}
