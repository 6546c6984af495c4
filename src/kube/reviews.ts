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

/** One thing that an account may or may not do. */
export interface AccessQuestion {
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
}

export interface AccessReviews {
  /**
   * Whether we ourselves may. Throws a `KubeApiError` when no verdict came, and the signal's own
   * reason when it aborts first.
   */
  can(question: AccessQuestion, signal: AbortSignal): Promise<boolean>;
}

/** Who we are, in the API server's words. */
export interface SelfReviews {
  /** Our own username; undefined where the API server is older than 1.28 and cannot tell. */
  username(signal: AbortSignal): Promise<string | undefined>;
}
