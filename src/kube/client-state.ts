/** How the calls to one Kubernetes API are going, for metrics and logs. */
export interface KubernetesClientState {
  /** How many calls may be on their way at once now: fewer while the server throttles us. */
  readonly limit: number;
  /** How many are on their way; watches are not among them. */
  readonly inFlight: number;
  /** How many wait until they may be sent. */
  readonly waiting: number;
  /** How many were answered with 429 or 503 so far. */
  readonly throttled: number;
  /** Whether the server refuses all connections or fails all calls, so that few are sent. */
  readonly isAway: boolean;
  /** The server's clock less ours, in milliseconds, to a second; undefined before any answer. */
  readonly clockSkewMs: number | undefined;
}
