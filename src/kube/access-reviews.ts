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
