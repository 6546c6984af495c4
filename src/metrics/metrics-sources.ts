/** What a signer has of us. */
export interface SignerLoad {
  readonly signer: string;
  /** How many requests may lie with it at present. */
  readonly limit: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** How a signer is treated after its last answers: `open` means that it is not asked for now. */
export type CircuitState = 'closed' | 'half-open' | 'open';

/** Times are milliseconds since the Unix epoch. */
export interface SignerExpiry {
  readonly signer: string;
  readonly notAfter: number;
}

/**
 * What is asked of the running parts at each scrape; each function only reads. A part that does not
 * run has no source and no series, and a source that throws has none in that scrape. Counts only
 * grow for as long as the process lives.
 */
export interface MetricsSources {
  /** Calls without an answer yet. */
  readonly callsInFlight?: () => number;
  readonly connections?: () => number;
  /** Admission: those that wait for their turn, and those that have it. */
  readonly queue?: () => { readonly waiting: number; readonly inFlight: number };
  readonly circuits?: () => Iterable<{ readonly signer: string; readonly state: CircuitState }>;
  /** Requests that lie with a signer, how many may at present, and those that wait for that. */
  readonly signerLoads?: () => Iterable<SignerLoad>;
  /** `ageSeconds`: since the API server last sent anything. `failures`: in a row. `events`: all so far. */
  readonly watches?: () => Iterable<{
    readonly resource: string;
    readonly ageSeconds: number;
    readonly failures: number;
    readonly events: number;
  }>;
  /** `awaited`: objects that a request waits for. `removals`: objects still to be deleted. */
  readonly signing?: () => {
    readonly awaited: number;
    readonly removals: number;
    readonly reaped: number;
  };
  readonly tokenCache?: () => {
    readonly hits: number;
    readonly misses: number;
    readonly shared: number;
    readonly retries: number;
    readonly evicted: number;
    readonly size: number;
  };
  readonly meshGeneration?: () => number;
  /** What is read again when it changes: when the state in use came, and whether it is the newest. */
  readonly configs?: () => Iterable<{
    readonly config: string;
    readonly loadedAt: number;
    readonly upToDate: boolean;
  }>;
  /** The earliest end among each signer's roots. */
  readonly roots?: () => Iterable<SignerExpiry>;
  /** The end of the authority that signed last, for each signer that has signed. */
  readonly issuers?: () => Iterable<SignerExpiry>;
  /** When our own TLS certificate ends; undefined where there is none. */
  readonly servingCertificate?: () => number | undefined;
  readonly readiness?: () => Iterable<{ readonly check: string; readonly holds: boolean }>;
  /** Whether this replica does what only one may do. */
  readonly leader?: () => boolean;
  /** Namespaces that have the roots as they are now, those that do not yet, and failed writes. */
  readonly distribution?: () => {
    readonly upToDate: number;
    readonly behind: number;
    readonly failures: number;
  };
  /** Connections handed through to istiod, by port: open now, all so far, and those that failed. */
  readonly passThrough?: () => Iterable<{
    readonly port: string;
    readonly open: number;
    readonly total: number;
    readonly failed: number;
  }>;
  readonly traces?: () => { readonly sent: number; readonly failed: number };
}
