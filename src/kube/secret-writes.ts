/** A Secret as the API knows it. Never log it, nor any part of an entry. */
export interface SecretObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Such as `kubernetes.io/tls`. */
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Decoded text. */
  readonly data: Readonly<Record<string, string>>;
}

/**
 * The calls that keep a Secret of ours. Each throws a `KubeApiError` when the API refuses, fails or
 * does not answer, and rejects with the signal's own reason when it aborts first.
 */
export interface SecretWrites {
  /** Undefined when there is none of that name. */
  read(namespace: string, name: string, signal: AbortSignal): Promise<SecretObject | undefined>;
  /** Makes it, or makes it so, by a server-side apply as `istio-ra`. */
  apply(
    secret: {
      readonly namespace: string;
      readonly name: string;
      readonly type: string;
      readonly labels: Readonly<Record<string, string>>;
      /** Decoded text. */
      readonly data: Readonly<Record<string, string>>;
    },
    signal: AbortSignal,
  ): Promise<void>;
}
