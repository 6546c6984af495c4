import { runCommand } from './run-command.ts';

/** What both subcommands take; see `agentlike request -h` for the defaults. */
export interface AgentOptions {
  /** host:port of the certificate service. */
  readonly address: string;
  readonly rootFile?: string;
  readonly serverName?: string;
  readonly plaintext?: boolean;
  readonly clientCertFile?: string;
  readonly clientKeyFile?: string;
  readonly clusterId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly retries?: boolean;
  readonly timeoutMs?: number;
  readonly as?: 'agent' | 'ztunnel';
  readonly dedicated?: boolean;
  readonly certSigner?: string;
  readonly validitySeconds?: number;
  readonly key?: 'rsa' | 'p256' | 'p384';
  readonly identity?: string;
  readonly trustDomain?: string;
  readonly tokenFile?: string;
}

export interface RequestOptions extends AgentOptions {
  /** Folder for key.pem, chain.pem and root.pem. */
  readonly out?: string;
  readonly pkcs8?: boolean;
}

export interface LoadOptions extends AgentOptions {
  readonly callers?: number;
  readonly total?: number;
  readonly durationMs?: number;
  /** Requests to begin each second at most. */
  readonly rate?: number;
  readonly tokenDir?: string;
  readonly newConnections?: boolean;
}

/** What became of one request. */
export interface RequestReport {
  readonly ok: boolean;
  /** The gRPC code of the last attempt, by name: `OK`, `PermissionDenied`, … */
  readonly code: string;
  readonly message?: string;
  readonly elapsedMs: number;
  readonly attempts: readonly {
    readonly code: string;
    readonly message?: string;
    readonly ms: number;
  }[];
  /** Elements of the certificate chain. */
  readonly elements: number;
  readonly leaf?: {
    readonly issuer: string;
    readonly subject: string;
    readonly sans: readonly string[];
    readonly serial: string;
    readonly notBefore: string;
    readonly notAfter: string;
  };
  /** Why the client would not use a certificate that was sent. */
  readonly refused?: string;
}

export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** What became of many requests; times are milliseconds, retries included. */
export interface LoadReport {
  readonly requests: number;
  readonly ok: number;
  /** Failed requests by their final code; `Refused` is an answer that the client would not use. */
  readonly failed: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly attemptCodes: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
  readonly certsPerSecond: number;
  readonly okMs?: Quantiles;
  readonly failedMs?: Quantiles;
  /** One example for each code. */
  readonly messages: Readonly<Record<string, string>>;
  readonly clientCpuMsPerRequest: number;
}

/**
 * Asks for one certificate as Istio's agent or ztunnel does. Resolves also where none was
 * issued; throws where the client itself could not run.
 */
export async function requestCertificate(
  agentlike: string,
  { out, pkcs8, ...common }: RequestOptions,
  signal?: AbortSignal,
): Promise<RequestReport> {
  const args = ['request', ...commonFlags(common), ...flags({ out, pkcs8 })];
  return (await report(agentlike, args, signal)) as RequestReport;
}

/** Asks for many certificates; resolves with the count, whatever it is. */
export async function runLoad(
  agentlike: string,
  { callers, total, durationMs, rate, tokenDir, newConnections, ...common }: LoadOptions,
  signal?: AbortSignal,
): Promise<LoadReport> {
  const own = flags({
    callers,
    total,
    rate,
    duration: milliseconds(durationMs),
    'token-dir': tokenDir,
    'new-connections': newConnections,
  });
  return (await report(agentlike, ['load', ...commonFlags(common), ...own], signal)) as LoadReport;
}

async function report(
  agentlike: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { code, stdout, stderr } = await runCommand(agentlike, args, signal ? { signal } : {});
  // 1 is "not issued", which the report tells more about.
  if (code > 1 || stdout === '') throw new Error(`agentlike ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout) as unknown;
}

function commonFlags(options: AgentOptions): string[] {
  const headers = Object.entries(options.headers ?? {});
  const { address, plaintext, retries, as, dedicated, key, identity } = options;
  return [
    ...flags({ address, plaintext, retries, as, dedicated, key, identity }),
    ...flags({
      root: options.rootFile,
      'server-name': options.serverName,
      'client-cert': options.clientCertFile,
      'client-key': options.clientKeyFile,
      'cluster-id': options.clusterId,
      timeout: milliseconds(options.timeoutMs),
      'cert-signer': options.certSigner,
      validity: options.validitySeconds === undefined ? undefined : `${options.validitySeconds}s`,
      'trust-domain': options.trustDomain,
      token: options.tokenFile,
    }),
    ...headers.map(([name, value]) => `--header=${name}=${value}`),
  ];
}

type Flags = Readonly<Record<string, string | number | boolean | undefined>>;

/** Go's flags; what is undefined is left to the command's default. */
function flags(values: Flags): string[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name}=${String(value)}`);
}

function milliseconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms}ms`;
}
