/** Who holds a lease, and since when: the spec of a Lease of coordination.k8s.io/v1. */
export interface LeaseRecord {
  /** Empty while nobody holds it. */
  readonly holder: string;
  /** For how long after each renewal nobody else may take it. */
  readonly durationSeconds: number;
  /** Milliseconds since the epoch, by the holder's clock; 0 where it is not told. */
  readonly acquiredAt: number;
  /** Milliseconds since the epoch, by the holder's clock; 0 where it is not told. */
  readonly renewedAt: number;
  /** How often it has gone from one holder to another. */
  readonly transitions: number;
}

export interface Lease {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly record: LeaseRecord;
}

/**
 * The calls of a leader election. Each throws a `KubeApiError` when the API refuses, fails or does
 * not answer, and rejects with the signal's own reason when it aborts first; whether the API acted is
 * then unknown.
 */
export interface Leases {
  /** Undefined when there is none of that name. */
  read(namespace: string, name: string, signal: AbortSignal): Promise<Lease | undefined>;
  /** An `AlreadyExists` when somebody else was first. */
  create(lease: Omit<Lease, 'resourceVersion'>, signal: AbortSignal): Promise<Lease>;
  /** A conflict unless `lease.resourceVersion` is still the newest. */
  update(lease: Lease, signal: AbortSignal): Promise<Lease>;
}
