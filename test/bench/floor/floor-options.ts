/** What the floor is told, as JSON in its one argument. */
export interface FloorOptions {
  /** `https://host:port` of the API server. */
  readonly server: string;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly signerName: string;
  /** Certificate requests, PEM, used in turn: to the API server one is like another. */
  readonly requestPems: readonly string[];
  readonly callers: number;
  /** Stop beginning after so many milliseconds; either this or `total`. */
  readonly durationMs?: number;
  readonly total?: number;
  /** `deferred`: nothing is deleted before the last answer is there. */
  readonly deletion: 'at-once' | 'deferred';
}

/** What the floor prints, as JSON. */
export interface FloorReport {
  readonly certificates: number;
  /** From the first create to the last certificate. */
  readonly answeredMs: number;
  /** From the first create until the last object is deleted. */
  readonly goneMs: number;
  /** Create to certificate. */
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** User and system CPU of the process while it worked. */
  readonly cpuMsPerCertificate: number;
  readonly failures: number;
}
