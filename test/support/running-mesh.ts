import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../src/app/app.ts';
import type { App } from '../../src/app/app.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Clock } from '../../src/base/clock.ts';
import { withDeadline } from '../../src/base/deadline.ts';
import type { LoopLag } from '../../src/base/loop-lag.ts';
import {
  meshConfigYaml,
  podOf,
  seedSandbox,
  signerDomain,
  uriOf,
} from '../../src/cli/sandbox-fixtures.ts';
import type { SampleWorkload } from '../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../src/cli/workload.ts';
import type { KeyAndRequest } from '../../src/cli/workload.ts';
import { parseRaConfig } from '../../src/config/ra-config.ts';
import { registrationAuthorityAccount, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { CertificateClient, requestCertificate } from '../../src/server/certificate-client.ts';
import type {
  CertificateCall,
  CertificateClientOptions,
} from '../../src/server/certificate-client.ts';
import { RecordingLogger } from './recording-logger.ts';
import { TestAuthority } from './test-authority.ts';

export const protoDirectory = join(import.meta.dirname, '../../proto');
const pageDirectory = join(import.meta.dirname, '../../page');
export const httpbinFoo: SampleWorkload = { namespace: 'foo', serviceAccount: 'httpbin' };
const servingName = 'istiod.istio-system.svc';
const loopback = '127.0.0.1:0';

export interface MeshOptions {
  /** Replaces or adds environment variables of the authority. */
  readonly env?: Readonly<Record<string, string>>;
  /** Replaces or adds flags of the authority; undefined takes one away. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** Rules for who gets which signer, YAML. */
  readonly signerPolicy?: string;
  /** Edits the sandbox before the authority looks at it. */
  readonly seed?: (sandbox: Sandbox) => void;
  /** How long to wait for readiness; 10 s where absent. */
  readonly readyWithinMs?: number;
  /** The time for the API server and the signers; everybody's where absent. */
  readonly apiClock?: Clock;
  /** Replaces what the authority measures its event loop by. */
  readonly loopLag?: LoopLag;
  /** Edits the mesh config before the authority reads it. */
  readonly meshConfig?: (text: string) => string;
}

/** The real app against the sandbox, with a real gRPC client. Stop it after use. */
export class RunningMesh implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly app: App;
  readonly client: CertificateClient;
  readonly log: RecordingLogger;
  readonly directory: string;
  readonly #key: KeyAndRequest;
  readonly #servingRootPem: string;

  private constructor(parts: {
    readonly sandbox: Sandbox;
    readonly app: App;
    readonly client: CertificateClient;
    readonly log: RecordingLogger;
    readonly directory: string;
    readonly key: KeyAndRequest;
    readonly servingRootPem: string;
  }) {
    this.sandbox = parts.sandbox;
    this.app = parts.app;
    this.client = parts.client;
    this.log = parts.log;
    this.directory = parts.directory;
    this.#key = parts.key;
    this.#servingRootPem = parts.servingRootPem;
  }

  static async start(options: MeshOptions = {}): Promise<RunningMesh> {
    const log = new RecordingLogger();
    const sandbox = await startSandbox({ clock: options.apiClock ?? systemClock, log });
    seedSandbox(sandbox);
    options.seed?.(sandbox);
    const directory = await mkdtemp(join(tmpdir(), 'istio-ra-test-'));
    const servingRootPem = await writeFiles(directory, sandbox, options);
    const config = parseRaConfig({
      env: {
        CERT_SIGNER_DOMAIN: signerDomain,
        DRAIN_DELAY: '0',
        // A test asks more often in a second than a pod does in a year.
        RATE_LIMITS: 'off',
        AUDIT_LOG: join(directory, 'audit.jsonl'),
        ...options.env,
      },
      flags: { ...flagsOf(directory), ...policyFlag(directory, options), ...options.flags },
    });
    const edges = {
      clock: systemClock,
      random: Math.random,
      log,
      protoDirectory,
      pageDirectory,
      version: 'test',
      memoryLimit: { bytes: undefined, source: 'none' } as const,
      loopLag: options.loopLag,
    };
    const app = await startApp(config, edges).catch(async (error: unknown) => {
      await sandbox.stop();
      throw error;
    });
    await awaitReady(app, options).catch(async (error: unknown) => {
      await app.stop();
      await sandbox.stop();
      throw error;
    });
    const client = new CertificateClient({
      address: app.grpcAddress,
      rootPem: servingRootPem,
      serverName: servingName,
      protoDirectory,
    });
    const key = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
    return new RunningMesh({ sandbox, app, client, log, directory, key, servingRootPem });
  }

  /** One call over a connection of its own, with a client certificate. */
  requestWith(
    clientCertificate: CertificateClientOptions['clientCertificate'],
    call: CertificateCall,
  ): Promise<readonly string[]> {
    return requestCertificate({
      ...{ ...call, clientCertificate, protoDirectory },
      address: this.app.grpcAddress,
      rootPem: this.#servingRootPem,
      serverName: servingName,
    });
  }

  /** A token as the kubelet projects it into the workload's pod. */
  tokenOf(workload: SampleWorkload): string {
    const { namespace, serviceAccount } = workload;
    const audiences = ['istio-ca'];
    return this.sandbox.token({ namespace, serviceAccount, audiences, pod: podOf(workload) });
  }

  /** The root of a signer, by its short name. */
  rootOf(signer: string): string {
    const name = `${signerDomain}/${signer}`;
    const found = this.sandbox.signers.find(({ signerName }) => signerName === name);
    if (found === undefined) throw new Error(`the sandbox has no signer ${signer}`);
    return found.rootPem;
  }

  /** Asks as any workload does, with a key of its own and without a wish for a signer. */
  async requestAs(
    workload: SampleWorkload,
    change: Partial<CertificateCall> = {},
  ): Promise<readonly string[]> {
    const { csrPem } = await makeKeyAndRequest(uriOf(workload), 'ecdsa-p256');
    const token = change.token ?? this.tokenOf(workload);
    return this.request({ certSigner: '', ...change, csrPem, token });
  }

  /** Asks as httpbin in foo does, with any part of the call replaced. */
  request(change: Partial<CertificateCall> = {}): Promise<readonly string[]> {
    return this.client.request({
      token: this.tokenOf(httpbinFoo),
      csrPem: this.#key.csrPem,
      validitySeconds: 3600,
      certSigner: 'foo',
      deadlineMs: 15_000,
      ...change,
    });
  }

  /** The name of the gRPC status that such a request ends with; `OK` for a certificate. */
  async statusOf(change: Partial<CertificateCall> = {}): Promise<string> {
    try {
      await this.request(change);
      return 'OK';
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  /** The CertificateSigningRequests that exist now. */
  requestObjects(): readonly unknown[] {
    return this.sandbox.objects.list('certificatesigningrequests');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.app.stop();
    await this.sandbox.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Rejects with what the readiness page says. */
async function awaitReady(app: App, { readyWithinMs = 10_000 }: MeshOptions): Promise<void> {
  const reason = (): Error => new Error('the authority did not become ready');
  const options = { clock: systemClock, ms: readyWithinMs, reason };
  try {
    await withDeadline(options, (signal) => app.ready(signal));
  } catch {
    const page = await fetch(`http://${app.httpAddress}/ready`);
    throw new Error(await page.text());
  }
}

function flagsOf(directory: string): Record<string, string> {
  return {
    kubeconfig: join(directory, 'kubeconfig'),
    meshConfig: join(directory, 'mesh.yaml'),
    tlsCertFile: join(directory, 'tls.crt'),
    tlsKeyFile: join(directory, 'tls.key'),
    secureGRPCAddr: loopback,
    httpAddr: loopback,
    monitoringAddr: loopback,
    debugAddr: loopback,
  };
}

function policyFlag(directory: string, { signerPolicy }: MeshOptions): Record<string, string> {
  return signerPolicy === undefined ? {} : { signerPolicy: join(directory, 'policy.yaml') };
}

async function writeFiles(
  directory: string,
  sandbox: Sandbox,
  { meshConfig = (text) => text, signerPolicy }: MeshOptions,
): Promise<string> {
  const now = systemClock.now();
  const root = await TestAuthority.make('serving root', now);
  const { privateKeyPem, spkiDer } = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
  const certificatePem = await root.sign({
    subject: {},
    spkiDer,
    notBefore: now - 60_000,
    notAfter: now + 3_600_000,
    isCa: false,
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: ['serverAuth'],
    uris: [],
    dnsNames: [servingName],
  });
  await writeFile(join(directory, 'tls.crt'), certificatePem);
  await writeFile(join(directory, 'tls.key'), privateKeyPem);
  await writeFile(join(directory, 'kubeconfig'), sandbox.kubeconfig(registrationAuthorityAccount));
  await writeFile(join(directory, 'mesh.yaml'), meshConfig(meshConfigYaml(sandbox.signers)));
  if (signerPolicy !== undefined) await writeFile(join(directory, 'policy.yaml'), signerPolicy);
  await writeFile(join(directory, 'root.pem'), root.certificatePem);
  return root.certificatePem;
}

/** Resolves when `holds` is true, looking every few milliseconds; rejects after `withinMs`. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('what was waited for did not come to be');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
