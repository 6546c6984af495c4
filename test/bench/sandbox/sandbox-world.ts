import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseInto, startIstioRa } from '../../e2e/stack/istio-ra.ts';
import { Processes } from '../../e2e/stack/process.ts';
import type { BenchWorld, MeasuredAuthority } from '../bench-world.ts';
import { benchSettings } from '../bench-settings.ts';
import { cpuMs } from '../../e2e/stack/process-usage.ts';
import type { SandboxAnswer } from './sandbox-messages.ts';
import { servingName } from './serving-files.ts';

const workloadCount = 200;

/** The sandbox's API with signers that sign at once: what is left is istio-ra's own cost. */
export class SandboxWorld implements BenchWorld {
  readonly description: string;
  readonly agentlike: string;
  readonly serverName = servingName;
  readonly #folder: string;
  readonly #program: string;
  readonly #processes: Processes;
  readonly #sandbox: ChildProcess;
  readonly #waiting = new Map<number, (answer: SandboxAnswer) => void>();
  #latest: SandboxAnswer | undefined;
  #questions = 0;

  private constructor(parts: {
    readonly agentlike: string;
    readonly folder: string;
    readonly program: string;
    readonly sandbox: ChildProcess;
  }) {
    const { agentlike, folder, program, sandbox } = parts;
    this.agentlike = agentlike;
    this.#folder = folder;
    this.#program = program;
    this.#sandbox = sandbox;
    this.#processes = new Processes({ logDir: join(folder, 'logs') });
    this.description = `the sandbox's API and its signers, without delay; ${cpus().length} x ${cpus()[0]?.model ?? 'CPU'}`;
    sandbox.on('message', (answer: SandboxAnswer) => {
      this.#latest = answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  static async start(agentlike: string): Promise<SandboxWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'istio-ra-bench-'));
    const program = await releaseInto(join(folder, 'release'));
    const script = join(import.meta.dirname, 'sandbox-process.ts');
    const args = [folder, String(workloadCount)];
    const sandbox = fork(script, args, { execPath: process.execPath, execArgv: ['--no-warnings'] });
    const world = new SandboxWorld({ agentlike, folder, program, sandbox });
    await new Promise<SandboxAnswer>((resolve, reject) => {
      world.#waiting.set(0, resolve);
      sandbox.once('exit', (code) => {
        reject(new Error(`the sandbox ended with ${String(code)}`));
      });
    });
    return world;
  }

  get rootFile(): string {
    return this.#file('root.pem');
  }

  get tokenDir(): string {
    return this.#file('tokens');
  }

  get nodeAgent(): BenchWorld['nodeAgent'] {
    const identity = 'spiffe://cluster.local/ns/foo/sa/bench-0';
    return { tokenFile: this.#file('node-agent.token'), identity };
  }

  get floor(): BenchWorld['floor'] {
    return {
      server: this.#now().url,
      caFile: this.#file('ca.pem'),
      tokenFile: this.#file('floor.token'),
      signerName: 'clusterissuers.cert-manager.io/foo',
    };
  }

  async startAuthority(
    name: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<MeasuredAuthority> {
    const start = performance.now();
    const ra = await startIstioRa({
      ...{ name, program: this.#program, processes: this.#processes },
      kubeconfig: this.#file('kubeconfig'),
      meshConfig: this.#file('mesh.yaml'),
      certFile: this.#file('tls.crt'),
      keyFile: this.#file('tls.key'),
      env: {
        ...benchSettings,
        CA_TRUSTED_NODE_ACCOUNTS: 'istio-system/ztunnel',
        AUDIT_LOG: this.auditFile(name),
        ...env,
      },
    });
    const readyMs = performance.now() - start;
    return {
      pid: ra.pid,
      address: ra.address,
      readyMs,
      metric: (series) => ra.metric(series),
      stop: async () => {
        await ra.stop();
      },
    };
  }

  /** Where an authority of that name writes its audit lines. */
  auditFile(name: string): string {
    return this.#file(`${name}.audit.jsonl`);
  }

  apiServerCpuMs(): number {
    return this.#sandbox.pid === undefined ? NaN : cpuMs(this.#sandbox.pid);
  }

  mark(): number {
    const total = this.#now().calls.reduce((sum, [, count]) => sum + count, 0);
    this.#marks.set(total, new Map(this.#now().calls));
    return total;
  }

  readonly #marks = new Map<number, ReadonlyMap<string, number>>();

  calls(mark: number): ReadonlyMap<string, number> {
    const before = this.#marks.get(mark) ?? new Map<string, number>();
    const since = this.#now().calls.map(
      ([call, count]) => [call, count - (before.get(call) ?? 0)] as const,
    );
    return new Map(since.filter(([, count]) => count > 0));
  }

  async objectsLeft(): Promise<number> {
    return (await this.#ask()).left;
  }

  async stop(): Promise<void> {
    await this.#processes.stopAll();
    this.#sandbox.disconnect();
    rmSync(this.#folder, { recursive: true });
  }

  #ask(): Promise<SandboxAnswer> {
    const id = ++this.#questions;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#sandbox.send({ id });
    });
  }

  #now(): SandboxAnswer {
    if (this.#latest === undefined) throw new Error('the sandbox has not answered yet');
    return this.#latest;
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}
