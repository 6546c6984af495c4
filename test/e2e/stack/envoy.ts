import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  clientConfig,
  identitySecret,
  serverConfig,
  trustSecret,
  type CommonConfig,
  type SecretFiles,
  type Upstream,
} from './envoy-config.ts';
import { freePorts } from './free-ports.ts';
import { get, type GetResult } from './http-get.ts';
import type { Processes, RunningProcess } from './process.ts';

export interface EnvoyOptions {
  /** Names the process, its log and its folder. */
  readonly name: string;
  /** Folder in which the Envoy's own folder is made. */
  readonly dir: string;
  /** Path of the Envoy binary. */
  readonly envoy: string;
  readonly processes: Processes;
  /** Folder with key.pem, chain.pem and root.pem, as agentlike writes them. */
  readonly identityFolder: string;
}

/** One real Envoy beside a workload. */
export class Envoy {
  readonly name: string;
  /** Where it listens on loopback: mTLS for a server, plain HTTP for a client. */
  readonly port: number;
  readonly adminPort: number;
  private readonly secrets: SecretFiles;
  private readonly running: RunningProcess;

  /** Use `startMtlsServer` or `startMtlsClient`. */
  constructor(name: string, config: CommonConfig, running: RunningProcess) {
    this.name = name;
    this.port = config.port;
    this.adminPort = config.adminPort;
    this.secrets = config.secrets;
    this.running = running;
  }

  /** The value of one counter or gauge now; 0 where Envoy does not know it (yet). */
  async stat(name: string): Promise<number> {
    const { body } = await this.admin('/stats');
    const line = body.split('\n').find((stat) => stat.startsWith(`${name}: `));
    return Number(line?.slice(name.length + 2) ?? 0);
  }

  /** The serial numbers, in hexadecimal, of the leaf certificates that it shows to peers now. */
  async certificateSerials(): Promise<string[]> {
    const { body } = await this.admin('/certs');
    const { certificates } = JSON.parse(body) as { readonly certificates: readonly Certs[] };
    const leaves = certificates.flatMap(({ cert_chain: chain = [] }) => chain.slice(0, 1));
    return [...new Set(leaves.map(({ serial_number: serial }) => serial))];
  }

  /** Hands over another certificate and root, in one step each; what is open stays open. */
  useIdentity(identityFolder: string): void {
    writeSecrets(this.secrets, identityFolder);
  }

  /** Sends one plain request through a client to the upstream of that name. */
  async get(upstream: string, path = '/'): Promise<GetResult> {
    return get(`http://127.0.0.1:${this.port}${path}`, { headers: { host: upstream } });
  }

  /** Asks the admin interface. */
  async admin(path: string): Promise<GetResult> {
    return get(`http://127.0.0.1:${this.adminPort}${path}`);
  }

  /** Waits until listeners and secrets are in place. */
  async awaitReady(): Promise<void> {
    await this.running.awaitReady(async () => (await this.admin('/ready')).status === 200);
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    await this.running.stop();
  }
}

interface Certs {
  readonly cert_chain?: readonly { readonly serial_number: string }[];
}

/** Starts an Envoy that speaks mTLS as a server and answers 200 with a text. */
export async function startMtlsServer(
  options: EnvoyOptions & { readonly body?: string },
): Promise<Envoy> {
  const body = options.body ?? `${options.name}\n`;
  return startEnvoy(options, (common) => serverConfig({ ...common, body }));
}

/** Starts an Envoy that takes plain HTTP and passes it on by mTLS. */
export async function startMtlsClient(
  options: EnvoyOptions & { readonly upstreams: readonly Upstream[] },
): Promise<Envoy> {
  return startEnvoy(options, (common) => clientConfig({ ...common, upstreams: options.upstreams }));
}

async function startEnvoy(
  options: EnvoyOptions,
  configOf: (common: CommonConfig) => unknown,
): Promise<Envoy> {
  const folder = join(options.dir, options.name);
  const secretsFolder = join(folder, 'secrets');
  mkdirSync(secretsFolder, { recursive: true });
  const secrets: SecretFiles = {
    folder: secretsFolder,
    identity: join(secretsFolder, 'identity.json'),
    trust: join(secretsFolder, 'trust.json'),
  };
  writeSecrets(secrets, options.identityFolder);
  const [port = 0, adminPort = 0] = await freePorts(2);
  const common = { port, adminPort, secrets };
  const configFile = join(folder, 'envoy.json');
  writeFileSync(configFile, JSON.stringify(configOf(common), undefined, 2));
  const running = options.processes.start({
    name: options.name,
    command: options.envoy,
    // Without hot restart several may run side by side.
    args: ['--config-path', configFile, '--disable-hot-restart', '--concurrency', '1'],
  });
  const envoy = new Envoy(options.name, common, running);
  try {
    await envoy.awaitReady();
  } catch (error) {
    await envoy.stop();
    throw error;
  }
  return envoy;
}

/**
 * Certificate and key go into one file that is moved into place, for Envoy must never see the
 * one without the other.
 */
function writeSecrets(secrets: SecretFiles, identityFolder: string): void {
  const pem = (name: string): string => readFileSync(join(identityFolder, `${name}.pem`), 'utf8');
  // The trust first: a peer may show its new certificate at once.
  replaceFile(secrets.trust, trustSecret(pem('root')));
  replaceFile(secrets.identity, identitySecret(pem('chain'), pem('key')));
}

function replaceFile(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
