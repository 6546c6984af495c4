/** Who we are, in the API server's words. */
export interface SelfReviews {
  /** Our own username; undefined where the API server is older than 1.28 and cannot tell. */
  username(signal: AbortSignal): Promise<string | undefined>;
}
