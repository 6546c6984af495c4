import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { runLoad, type LoadReport } from '../stack/agent.ts';
import { countCalls } from '../stack/audit-log.ts';
import { awaitUntil } from '../stack/await-until.ts';
import type { IstioRa } from '../stack/istio-ra.ts';
import type { Manifest } from '../stack/kubectl.ts';
import { Wire } from '../stack/wire.ts';
import { deploy } from '../walkthrough/workloads.ts';
import { accountName, serverName, type World } from '../walkthrough/world.ts';
import { silentSigners, silentTenants } from './silent-tenants.ts';

/** How long the istio-ra behind the wire waits for a signer. */
export const shortBudgetMs = 10_000;

/**
 * A second istio-ra, which reaches the API server through a wire that can be cut and slowed, gives up
 * after ten seconds, and knows two signers that never sign. The first one stays beside it.
 */
export class FaultWorld {
  readonly world: World;
  private wireBetween: Wire | undefined;
  private authority: IstioRa | undefined;

  constructor(world: World) {
    this.world = world;
  }

  get wire(): Wire {
    if (this.wireBetween === undefined) throw new Error('there is no wire yet');
    return this.wireBetween;
  }

  /** The istio-ra behind the wire. */
  get ra(): IstioRa {
    if (this.authority === undefined) throw new Error('istio-ra behind the wire was not started');
    return this.authority;
  }

  async start(): Promise<void> {
    const { world } = this;
    await world.controlPlane.kubectl.apply(silentTenants());
    const meshConfig = world.path('mesh-faults.yaml');
    copyFileSync(world.path('mesh.yaml'), meshConfig);
    for (const name of silentSigners) {
      await deploy(world, { namespace: name, account: 'httpbin' });
      appendFileSync(meshConfig, this.meshEntry(name));
    }
    this.wireBetween = await Wire.open(world.controlPlane.ports.apiServer);
    const kubeconfig = this.writeKubeconfig(this.wireBetween.port);
    const env = { REQUEST_BUDGET: `${shortBudgetMs}ms` };
    this.authority = await world.startRa('istio-ra-wired', { kubeconfig, meshConfig, env });
  }

  /** Leaves no ProxyConfig that names a silent signer: `istio-ra check` would ask for the rights to it. */
  async stop(): Promise<void> {
    await this.authority?.stop();
    await this.wireBetween?.close();
    // A namespace would stay Terminating, since no kubelet ends its pods.
    const isGone = ({ kind }: Manifest): boolean => kind !== 'Namespace';
    await this.world.controlPlane.kubectl.delete(silentTenants().filter(isGone));
  }

  /** Many requests of all workloads at once, as agents make them. */
  async load(options: {
    readonly ra: IstioRa;
    readonly callers: number;
    readonly total: number;
  }): Promise<LoadReport> {
    const { ra, ...counts } = options;
    return runLoad(this.world.tools.agentlike, {
      address: ra.address,
      rootFile: this.world.rootFile('istio-system'),
      serverName,
      tokenDir: this.world.tenantTokens(),
      certSigner: '{namespace}',
      key: 'p256',
      ...counts,
    });
  }

  /** Waits until an istio-ra has decided on so many more requests. */
  async awaitDecisions(ra: IstioRa, more: number): Promise<void> {
    const wanted = ra.decisions().length + more;
    await awaitUntil(() => Promise.resolve(ra.decisions().length >= wanted), {
      what: `${more} requests are decided`,
      timeoutMs: 60_000,
      intervalMs: 10,
    });
  }

  /** What must hold after every fault: both run and issue, and all objects are gone. */
  async assertWell(): Promise<void> {
    await this.assertIssuing();
    // What ran out of its time is kept for a retry for a minute.
    await this.world.awaitNothingLeft(90_000);
  }

  /** The same without a look at the objects that are left. */
  async assertIssuing(): Promise<void> {
    for (const ra of [this.world.ra, this.ra]) {
      assert.ok(ra.isRunning, 'istio-ra still runs');
      assert.equal((await ra.page('/healthz')).status, 200);
      const workload = { namespace: 'foo', account: 'httpbin' } as const;
      const report = await this.world.request(workload, { ra });
      assert.equal(report.code, 'OK', report.message);
    }
  }

  /** How many watches istio-ra's account has opened since a mark. */
  watchesSince(mark: number): number {
    const counts = countCalls(this.world.audit.callsBy(accountName, mark));
    return counts.get('watch certificatesigningrequests') ?? 0;
  }

  /** Its roots are never needed, but without any the signer would not be known. */
  private meshEntry(name: string): string {
    const root = readFileSync(this.world.rootFile('foo'), 'utf8').trimEnd();
    const lines = [
      `  - certSigners: [clusterissuers.cert-manager.io/${name}]`,
      '    pem: |',
      ...root.split('\n').map((line) => `      ${line}`),
    ];
    return `${lines.join('\n')}\n`;
  }

  private writeKubeconfig(port: number): string {
    const { controlPlane } = this.world;
    return controlPlane.writeKubeconfig(
      this.world.path('istio-ra-wired.kubeconfig'),
      { kind: 'token-file', tokenFile: this.world.path('istio-ra.token') },
      `https://127.0.0.1:${port}`,
    );
  }
}

/** One line on a load: how many were served, what the attempts met, how long the slowest took. */
export function describeLoad(report: LoadReport): string {
  const codes = Object.entries(report.attemptCodes).map(([code, count]) => `${count} ${code}`);
  const slowest = ((report.okMs?.max ?? 0) / 1000).toFixed(1);
  return `${report.ok} of ${report.requests} issued, slowest ${slowest} s; attempts: ${codes.join(', ')}`;
}

/** Every request was served in the end, and none was told that its good token is bad. */
export function assertAllServed(report: LoadReport): void {
  assert.equal(report.ok, report.requests, JSON.stringify(report));
  assert.equal(report.attemptCodes['Unauthenticated'], undefined, JSON.stringify(report));
}
