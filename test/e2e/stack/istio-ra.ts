import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { get, type GetResult } from './http-get.ts';
import type { Processes, RunningProcess } from './process.ts';
import { residentMiB } from './process-usage.ts';
import { mustRun } from './run-command.ts';

const repository = join(import.meta.dirname, '..', '..', '..');

/**
 * Builds the bundle and copies what ships into a folder of its own, so that nothing else of the
 * repository can help it to run. Returns the program. `ISTIO_RA_BUNDLE` names one that was built
 * before.
 */
export async function releaseInto(folder: string): Promise<string> {
  const built = process.env['ISTIO_RA_BUNDLE'] ?? join(repository, 'dist', 'istio-ra.js');
  if (process.env['ISTIO_RA_BUNDLE'] === undefined) {
    await mustRun(process.execPath, [join(repository, 'scripts', 'build.js')]);
  }
  mkdirSync(folder, { recursive: true });
  cpSync(dirname(built), join(folder, 'dist'), { recursive: true });
  for (const shipped of ['proto', 'page']) {
    cpSync(join(repository, shipped), join(folder, shipped), { recursive: true });
  }
  return join(folder, 'dist', basename(built));
}

/** The flags that the image gives to Node: what is measured is what is shipped. */
function imageNodeFlags(): readonly string[] {
  const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile())?.[1] ?? '[]') as string[];
  return entrypoint.filter((word) => word.startsWith('--'));
}

/** The environment that the image sets. */
function imageEnvironment(): Readonly<Record<string, string>> {
  const found = dockerfile().matchAll(/^ENV (\w+)=(\S+)$/gm);
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]));
}

function dockerfile(): string {
  return readFileSync(join(repository, 'Dockerfile'), 'utf8');
}

export interface IstioRaOptions {
  /** Names the process and its log; also its name among the replicas. */
  readonly name: string;
  /** The bundle. */
  readonly program: string;
  readonly processes: Processes;
  readonly kubeconfig: string;
  readonly meshConfig: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Further settings, as environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further flags, or others than usual, without their dashes. */
  readonly flags?: Readonly<Record<string, string>>;
  /** What Node itself is told besides what the image tells it. */
  readonly moreNodeFlags?: readonly string[];
}

/** What the log tells of one request, once it is decided. */
export interface DecisionLine {
  readonly requestId: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly csrName?: string;
  /** The reason of the Denied or Failed condition. */
  readonly conditionReason?: string;
}

/** istio-ra as its own process. */
export class IstioRa {
  /** host:port of CreateCertificate. */
  readonly address: string;
  private readonly httpAddress: string;
  private readonly monitoringAddress: string;
  /** host:port of the page and of `istio-ra explain`. */
  readonly debugAddress: string;
  private readonly running: RunningProcess;
  private readonly log: LogReader;

  /** Use `startIstioRa`. */
  constructor(running: RunningProcess, log: LogReader, serving: LogLine) {
    this.running = running;
    this.log = log;
    this.address = String(serving['grpc']);
    this.httpAddress = String(serving['http']);
    this.monitoringAddress = String(serving['monitoring']);
    this.debugAddress = String(serving['debug']);
  }

  get pid(): number {
    return this.running.pid;
  }

  get logFile(): string {
    return this.running.logFile;
  }

  /** Whether the process that was started first still runs: nobody starts it again. */
  get isRunning(): boolean {
    return this.running.isRunning;
  }

  /** Asks /ready, /healthz. */
  async page(path: string): Promise<GetResult> {
    return get(`http://${this.httpAddress}${path}`);
  }

  /** The page /metrics. */
  async scrape(): Promise<string> {
    const { status, body } = await get(`http://${this.monitoringAddress}/metrics`);
    if (status !== 200) throw new Error(`/metrics answers ${status}: ${body}`);
    return body;
  }

  /** What the page asks for, such as `/debug/trust`; throws where that is refused. */
  async debug<T>(path: string): Promise<T> {
    const { status, body } = await get(`http://${this.debugAddress}${path}`);
    if (status !== 200) throw new Error(`${path} answers ${status}: ${body}`);
    return JSON.parse(body) as T;
  }

  /** The sum of all series of one metric, 0 where there is none yet. */
  async metric(name: string): Promise<number> {
    const body = await this.scrape();
    const series = body
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** What was decided so far: the audit line of each request, and what the log adds to it. */
  decisions(): DecisionLine[] {
    const decisions = new Map<string, DecisionLine>();
    for (const line of this.log.lines()) {
      const { requestId, kind, message } = line;
      const decides = kind === 'decision' || message === 'certificate refused';
      if (!decides || typeof requestId !== 'string') continue;
      decisions.set(requestId, { ...decisions.get(requestId), ...line, requestId });
    }
    return [...decisions.values()];
  }

  /** What was decided on the request whose id stands at the end of a client's error. */
  decisionOn(clientMessage: string | undefined): DecisionLine {
    const id = /\(request ([0-9a-f]{32})\)$/.exec(clientMessage ?? '')?.[1];
    const found = this.decisions().find((line) => line.requestId === id);
    if (found === undefined) throw new Error(`no decision line for "${String(clientMessage)}"`);
    return found;
  }

  /** Resident memory in MiB; Linux only. */
  residentMiB(): number {
    return Math.round(residentMiB(this.pid).now);
  }

  /** Ends it with SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | string> {
    await this.running.stop(30_000);
    return this.running.exited;
  }
}

/** Where a test's istio-ra listens, whatever it would do elsewhere. */
export const onFreePorts = {
  secureGRPCAddr: '127.0.0.1:0',
  httpAddr: '127.0.0.1:0',
  monitoringAddr: '127.0.0.1:0',
  debugAddr: '127.0.0.1:0',
} as const;

/** Starts `istio-ra serve` on free ports and waits until it says that it is ready. */
export async function startIstioRa(options: IstioRaOptions): Promise<IstioRa> {
  const { name, program, processes, kubeconfig, meshConfig, certFile, keyFile } = options;
  return launchIstioRa({
    ...{ name, program, processes },
    flags: {
      kubeconfig,
      meshConfig,
      tlsCertFile: certFile,
      tlsKeyFile: keyFile,
      ...onFreePorts,
      ...options.flags,
    },
    env: {
      CERT_SIGNER_DOMAIN: 'clusterissuers.cert-manager.io',
      POD_NAMESPACE: 'istio-system',
      POD_NAME: name,
      ...options.env,
    },
    nodeFlags: [...imageNodeFlags(), ...(options.moreNodeFlags ?? [])],
  });
}

export interface LaunchOptions extends Pick<IstioRaOptions, 'name' | 'program' | 'processes'> {
  /** All flags of `serve`, without their dashes. */
  readonly flags: Readonly<Record<string, string>>;
  /** The whole environment but for PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** What Node itself is told; as in the image where absent. */
  readonly nodeFlags?: readonly string[];
}

/** Starts `istio-ra serve` with exactly these settings, and does not wait. */
export function beginIstioRa(options: LaunchOptions): RunningProcess {
  const { name, program, processes, flags, env, nodeFlags = imageNodeFlags() } = options;
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  return processes.start({
    name,
    command: process.execPath,
    args: [...nodeFlags, program, 'serve', ...words],
    // Nothing of the environment of whoever runs this may count.
    env: { PATH: process.env['PATH'], ...imageEnvironment(), ...env },
  });
}

/** Starts `istio-ra serve` with exactly these settings and waits until it says that it is ready. */
export async function launchIstioRa(options: LaunchOptions): Promise<IstioRa> {
  const { name, processes } = options;
  const before = processes.logSize(name);
  const running = beginIstioRa(options);
  const log = new LogReader(running.logFile, before);
  try {
    let ra: IstioRa | undefined;
    await running.awaitReady(async () => {
      const serving = log.lines().find(({ message }) => message === 'serving');
      if (serving !== undefined) ra ??= new IstioRa(running, log, serving);
      return (await ra?.page('/ready'))?.status === 200;
    });
    if (ra !== undefined) return ra;
    throw new Error(`${name} does not say where it serves`);
  } catch (error) {
    await running.stop();
    throw error;
  }
}

type LogLine = Readonly<Record<string, unknown>>;

/** What a process has logged since it began: an earlier one of that name logged to the same file. */
class LogReader {
  private readonly file: string;
  private readonly start: number;

  constructor(file: string, start: number) {
    this.file = file;
    this.start = start;
  }

  lines(): LogLine[] {
    const text = readFileSync(this.file).subarray(this.start).toString();
    const whole = text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return whole.map((line) => JSON.parse(line) as LogLine);
  }
}
