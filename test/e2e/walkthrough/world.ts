import { chmodSync, cpSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { requestCertificate, type RequestOptions, type RequestReport } from '../stack/agent.ts';
import { AuditLog } from '../stack/audit-log.ts';
import { awaitUntil } from '../stack/await-until.ts';
import { startCertManager, type CertManager } from '../stack/cert-manager.ts';
import { tokenIssuer } from '../stack/control-plane-flags.ts';
import { startControlPlane, type ControlPlane } from '../stack/control-plane.ts';
import { releaseInto, startIstioRa, type IstioRa, type IstioRaOptions } from '../stack/istio-ra.ts';
import type { Processes } from '../stack/process.ts';
import type { Tools } from '../stack/tools.ts';
import { RunnableDocument } from '../stack/runnable-document.ts';

const repository = join(import.meta.dirname, '..', '..', '..');

/** The name that workloads expect of their CA. */
export const serverName = 'istiod.istio-system.svc';
/** istio-ra's own account. */
export const account = { namespace: 'istio-system', name: 'istio-ra' } as const;
/** The same as the API server names it. */
export const accountName = `system:serviceaccount:${account.namespace}:${account.name}`;
/** The account and what it may do, as the chart renders them into the reader's folder. */
export const rightsFile = 'rights.yaml';
/** The chart's name for what the account may do in the whole cluster. */
export const clusterRole = 'istio-ra-istio-system';
/** Selects the requests that istio-ra made. */
export const ownRequests = 'app.kubernetes.io/managed-by=istio-ra';

/** One workload of the walk-through. */
export interface Workload {
  readonly namespace: string;
  readonly account: string;
}

export const workloads: readonly Workload[] = ['foo', 'bar'].flatMap((namespace) =>
  ['httpbin', 'sleep'].map((account) => ({ namespace, account })),
);

/** One of a namespace whose ProxyConfig names no signer, so that the mesh's default is its. */
export const gateway: Workload = { namespace: 'istio-system', account: 'gateway' };

export function nameOf({ namespace, account }: Workload): string {
  return `${account}.${namespace}`;
}

export function identityOf({ namespace, account }: Workload): string {
  return `spiffe://cluster.local/ns/${namespace}/sa/${account}`;
}

export interface WorldOptions {
  readonly dir: string;
  readonly tools: Tools;
  readonly processes: Processes;
}

interface WorldParts extends WorldOptions {
  readonly controlPlane: ControlPlane;
  readonly certManager: CertManager;
  /** The bundle. */
  readonly program: string;
}

/** The stack, the folder in which the reader of docs/walkthrough.md stands, and what is made there. */
export class World {
  readonly dir: string;
  readonly tools: Tools;
  readonly processes: Processes;
  readonly controlPlane: ControlPlane;
  readonly certManager: CertManager;
  readonly audit: AuditLog;
  readonly document: RunnableDocument;
  /** The bundle. */
  readonly program: string;
  private authority: IstioRa | undefined;

  private constructor(parts: WorldParts) {
    this.dir = parts.dir;
    this.tools = parts.tools;
    this.processes = parts.processes;
    this.controlPlane = parts.controlPlane;
    this.certManager = parts.certManager;
    this.program = parts.program;
    this.audit = new AuditLog(parts.controlPlane.auditLog);
    this.document = this.prepareFolder();
  }

  /** Starts a control plane and cert-manager without issuers, and builds the bundle. */
  static async start(options: WorldOptions): Promise<World> {
    const { dir, tools, processes } = options;
    mkdirSync(dir, { recursive: true });
    const program = await releaseInto(join(dir, 'release'));
    const controlPlane = await startControlPlane({ ...options, dir: join(dir, 'control-plane') });
    const certManager = await startCertManager({ controlPlane, tools, processes, issuers: [] });
    return new World({ ...options, program, controlPlane, certManager });
  }

  /** A file in the reader's folder. */
  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  /** File with a signer's root, as the document leaves it. */
  rootFile(signer: string): string {
    return this.path('roots', `${signer}.pem`);
  }

  /** The istio-ra that the walk-through is about; throws before it was started. */
  get ra(): IstioRa {
    if (this.authority === undefined) throw new Error('istio-ra has not been started');
    return this.authority;
  }

  set ra(authority: IstioRa) {
    this.authority = authority;
  }

  /** Starts an istio-ra from the bundle, as its own account, with the files of the document. */
  async startRa(name: string, changes: Partial<IstioRaOptions> = {}): Promise<IstioRa> {
    return startIstioRa({
      name,
      program: this.program,
      processes: this.processes,
      kubeconfig: this.path('istio-ra.kubeconfig'),
      meshConfig: this.path('mesh.yaml'),
      certFile: this.path('tls.crt'),
      keyFile: this.path('tls.key'),
      ...changes,
    });
  }

  /** Asks as Istio's agent does, with the token of a workload that is bound to its Pod. */
  async request(
    workload: Workload,
    options: Partial<RequestOptions> & { readonly ra?: IstioRa } = {},
  ): Promise<RequestReport> {
    const { ra = this.ra, ...rest } = options;
    return requestCertificate(this.tools.agentlike, {
      address: ra.address,
      rootFile: this.rootFile('istio-system'),
      serverName,
      tokenFile: this.boundToken(workload),
      certSigner: workload.namespace,
      key: 'p256',
      ...rest,
    });
  }

  /** File with the token of a workload that is bound to its Pod. */
  boundToken({ namespace, account }: Workload): string {
    return this.path('pod-tokens', namespace, account);
  }

  /** Folder with the tokens of the four workloads, as docs/walkthrough.md leaves them. */
  tenantTokens(): string {
    return this.path('tokens');
  }

  /** Gives istio-ra's account a token that lasts for days, for a stack that nobody looks after. */
  async keepFor(days: number): Promise<void> {
    const token = await this.controlPlane.kubectl.createToken({
      namespace: account.namespace,
      serviceAccount: account.name,
      audience: tokenIssuer,
      durationSeconds: days * 86_400,
    });
    replaceFile(this.path('istio-ra.token'), token);
  }

  /** The names of the requests of ours that are left. */
  async requestsLeft(): Promise<string[]> {
    const selector = `--selector=${ownRequests}`;
    const names = await this.controlPlane.kubectl.run('get', 'csr', selector, '-o', 'name');
    return names.split('\n').filter((name) => name !== '');
  }

  /**
   * Waits until no request of ours is left. Throws with the story of those that stay, and deletes
   * them, so that one fault is not blamed for another's.
   */
  async awaitNothingLeft(timeoutMs = 30_000): Promise<void> {
    try {
      await awaitUntil(async () => (await this.requestsLeft()).length === 0, {
        what: 'every CertificateSigningRequest of istio-ra is deleted',
        timeoutMs,
        intervalMs: 200,
      });
    } catch (cause) {
      const left = await this.requestsLeft();
      await this.controlPlane.kubectl.run('delete', 'csr', `--selector=${ownRequests}`);
      const stories = this.audit.callsBy(accountName, 0);
      const told = left.map((name) => {
        const own = stories.filter(({ objectRef }) => name.endsWith(`/${objectRef?.name ?? ''}`));
        return `${name}: ${own.map((call) => `${call.verb} ${call.responseStatus?.code ?? ''}`).join(', ')}`;
      });
      throw new Error(`left behind: ${told.join('; ')}`, { cause });
    }
  }

  /** What the document expects: this repository's files, and its programs on the path. */
  private prepareFolder(): RunnableDocument {
    for (const folder of ['charts', 'proto']) {
      symlinkSync(join(repository, folder), this.path(folder));
    }
    const bin = this.path('bin');
    mkdirSync(bin);
    mkdirSync(this.path('home'));
    const shim = join(bin, 'istio-ra');
    writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${this.program}' "$@"\n`);
    chmodSync(shim, 0o755);
    symlinkSync(this.tools.kubectl, join(bin, 'kubectl'));
    symlinkSync(this.tools.grpcurl, join(bin, 'grpcurl'));
    symlinkSync(this.tools.helm, join(bin, 'helm'));
    cpSync(this.controlPlane.kubeconfig, this.path('kubeconfig'));
    const env = {
      PATH: [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
      HOME: this.path('home'),
      KUBECONFIG: this.path('kubeconfig'),
    };
    return new RunnableDocument({ name: 'walkthrough.md', folder: this.dir, env });
  }
}

/** In one step, for a reader may come at any moment. */
function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
