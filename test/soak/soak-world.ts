import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { servingName } from '../bench/sandbox/serving-files.ts';
import { Balancer } from '../chaos/balancer.ts';
import { Replica } from '../chaos/replica.ts';
import type { LoadOptions } from '../e2e/stack/agent.ts';
import { releaseInto, startIstioRa } from '../e2e/stack/istio-ra.ts';
import type { IstioRa } from '../e2e/stack/istio-ra.ts';
import { Processes } from '../e2e/stack/process.ts';
import { probeFlag } from './heap-probe.ts';
import { SoakApi } from './sandbox/soak-api.ts';

const requestBudgetMs = 10_000;

export type MeshVariant = 'good' | 'added' | 'replaced' | 'broken';

/** The API, two replicas of the bundle, and the address in front of them. */
export class SoakWorld {
  readonly api: SoakApi;
  readonly agentlike: string;
  /** Never ended before the end: its memory is measured. */
  readonly steady: Replica;
  /** Ended and started again meanwhile. */
  readonly restarted: Replica;
  readonly folder: string;
  readonly program: string;
  readonly #processes: Processes;
  #balancer: Balancer | undefined;

  private constructor(parts: {
    readonly api: SoakApi;
    readonly agentlike: string;
    readonly folder: string;
    readonly program: string;
    readonly processes: Processes;
  }) {
    this.api = parts.api;
    this.agentlike = parts.agentlike;
    this.folder = parts.folder;
    this.program = parts.program;
    this.#processes = parts.processes;
    this.steady = new Replica('steady', (name) => this.#startRa(name));
    this.restarted = new Replica('restarted', (name) => this.#startRa(name));
  }

  static async start(agentlike: string): Promise<SoakWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'istio-ra-soak-'));
    const program = await releaseInto(join(folder, 'release'));
    const processes = new Processes({ logDir: join(folder, 'logs') });
    mkdirSync(join(folder, 'audit'));
    const api = await SoakApi.start(folder);
    const world = new SoakWorld({ api, agentlike, folder, program, processes });
    try {
      await Promise.all([world.steady.start(), world.restarted.start()]);
      world.#balancer = await Balancer.open(() => [world.steady, world.restarted]);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** What every client of the world has in common. */
  client(): Omit<LoadOptions, 'callers'> & { readonly address: string } {
    if (this.#balancer === undefined) throw new Error('nobody balances yet');
    return {
      address: this.#balancer.address,
      rootFile: this.file('root.pem'),
      serverName: servingName,
      key: 'p256',
      timeoutMs: 60_000,
    };
  }

  /** Puts another mesh config in place, whole at once. */
  useMesh(variant: MeshVariant): void {
    const next = this.file('mesh.next');
    copyFileSync(this.file(`mesh.${variant}.yaml`), next);
    renameSync(next, this.file('mesh.yaml'));
  }

  /** Where each replica's trail is. A replica that comes again goes on in the same file. */
  get auditFiles(): readonly string[] {
    return ['steady', 'restarted'].map((slot) => this.#auditFile(slot));
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Ends both replicas in order. Returns their exit statuses. */
  async endReplicas(): Promise<readonly (number | string)[]> {
    return [await this.steady.terminate(), await this.restarted.terminate()];
  }

  async stop(): Promise<void> {
    await this.#balancer?.close();
    await this.#processes.stopAll();
    this.api.stop();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  #auditFile(slot: string): string {
    return this.file(join('audit', `${slot}.jsonl`));
  }

  async #startRa(name: string): Promise<IstioRa> {
    const [slot = name] = name.split('-');
    return startIstioRa({
      ...{ name, program: this.program, processes: this.#processes },
      kubeconfig: this.file('kubeconfig'),
      meshConfig: this.file('mesh.yaml'),
      certFile: this.file('tls.crt'),
      keyFile: this.file('tls.key'),
      moreNodeFlags: slot === 'steady' ? [probeFlag] : [],
      env: {
        // A handful of workloads ask for what hundreds would.
        RATE_LIMITS: 'off',
        REQUEST_BUDGET: `${requestBudgetMs}ms`,
        DRAIN_DELAY: '1s',
        CA_TRUSTED_NODE_ACCOUNTS: 'istio-system/ztunnel',
        AUDIT_LOG: this.#auditFile(slot),
        AUDIT_LOG_MAX_FILES: '1000',
      },
    });
  }
}

/** Waits until a signal says stop; no error then. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
