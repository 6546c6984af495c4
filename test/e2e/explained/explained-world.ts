import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Explanation } from '../../../src/debug/explainer.ts';
import type { CheckResult } from '../../../src/check/check.ts';
import { chartAlerts } from '../../support/chart-expressions.ts';
import { runLoad } from '../stack/agent.ts';
import type { DecisionLine, IstioRa } from '../stack/istio-ra.ts';
import { evaluate, type AlertReport, type ScrapedPage } from '../stack/rule-evaluator.ts';
import { CommandError, runCommand } from '../stack/run-command.ts';
import { serverName, type Workload, type World } from '../walkthrough/world.ts';

/** The tenant whose set-up is mistaken; the others go on. */
export const tenant: Workload = { namespace: 'foo', account: 'httpbin' };
/** The signer of that tenant, by its full name. */
export const tenantSigner = 'clusterissuers.cert-manager.io/foo';

/** bar's signer is bar's alone, as docs/walkthrough.md has it. */
const policy =
  'rules: [{ name: bar, match: { namespaces: [bar] }, signers: [bar], exclusive: true }]\n';
/** A dead signer costs each request this much until its circuit opens, which shorter waits do not do. */
const budget = '6s';
/** Enough that somebody asks at any moment, though each waits for the budget, or is held back. */
const load = { callers: 30, rate: 12 };
/** Each scrape counts as one of Prometheus', a minute after the one before. */
const minute = { realMs: 40, seconds: 60 };
/** Longer than the longest `for:` of the chart, and the first minute that a rate needs. */
const minutes = 36;
const maxLoadMs = 60_000;

/** What `istio-ra check` found, as its JSON has it. */
export interface CheckReport {
  readonly counts: Readonly<Record<string, number>>;
  readonly checks: readonly CheckResult[];
}

/** What some of Prometheus' time brought. */
export interface Observation {
  readonly alerts: readonly AlertReport[];
  readonly decisions: readonly DecisionLine[];
}

/** An istio-ra of its own, on files that may be spoilt, and everything that tells of a mistake. */
export class ExplainedWorld {
  readonly world: World;
  private authority: IstioRa | undefined;

  constructor(world: World) {
    this.world = world;
  }

  get ra(): IstioRa {
    if (this.authority === undefined) throw new Error('istio-ra was not started');
    return this.authority;
  }

  get meshConfig(): string {
    return this.world.path('mesh-explained.yaml');
  }

  private get signerPolicy(): string {
    return this.world.path('policy-explained.yaml');
  }

  async start(): Promise<void> {
    copyFileSync(this.world.path('mesh.yaml'), this.meshConfig);
    writeFileSync(this.signerPolicy, policy);
    this.authority = await this.world.startRa('istio-ra-explained', {
      meshConfig: this.meshConfig,
      flags: { signerPolicy: this.signerPolicy },
      env: { REQUEST_BUDGET: budget, RATE_LIMITS: 'off', DRAIN_DELAY: '0' },
    });
  }

  async stop(): Promise<void> {
    await this.authority?.stop();
    this.authority = undefined;
  }

  /** Writes the mesh config anew; istio-ra reads it by itself. */
  editMeshConfig(edit: (text: string) => string): void {
    writeFileSync(this.meshConfig, edit(readFileSync(this.world.path('mesh.yaml'), 'utf8')));
  }

  /** `istio-ra check` with the settings of this istio-ra, as an administrator from elsewhere. */
  async check(...words: readonly string[]): Promise<CheckReport> {
    return this.command([
      ...['check', '-o', 'json', ...words],
      `--kubeconfig=${this.world.path('kubeconfig')}`,
      `--meshConfig=${this.meshConfig}`,
      `--signerPolicy=${this.signerPolicy}`,
      `--tlsCertFile=${this.world.path('tls.crt')}`,
      `--tlsKeyFile=${this.world.path('tls.key')}`,
    ]);
  }

  /** `istio-ra explain` about the tenant, which asks for no signer by name. */
  async explain(): Promise<Explanation> {
    const { namespace, account } = tenant;
    const who = [`--namespace=${namespace}`, `--service-account=${account}`];
    return this.command(['explain', '-o', 'json', ...who, `--address=${this.ra.debugAddress}`]);
  }

  /**
   * The tenant's workloads ask, without a pause, for half an hour and more of Prometheus' time.
   * Returns what its rules make of that, and what was decided.
   */
  async observe(): Promise<Observation> {
    const scrapes: ScrapedPage[] = [];
    const start = Math.floor(Date.now() / 1000);
    const before = this.ra.decisions().length;
    const decisions = await this.underLoad(async () => {
      for (let past = 0; past <= minutes; past++) {
        scrapes.push({ at: start + past * minute.seconds, page: await this.ra.scrape() });
        // What nobody signs is decided when its time is over, and is not to be seen before.
        while (this.ra.decisions().length === before) await sleep(minute.realMs);
        await sleep(minute.realMs);
      }
      // Before the load is called off, which takes what is under way with it.
      return this.ra.decisions().slice(before);
    });
    const rules = await chartAlerts();
    const { alerts } = await evaluate(this.world.tools.ruleEvaluator, { rules, scrapes });
    return { alerts, decisions };
  }

  /** Does `work` while the tenant's workloads ask, without a pause. */
  async underLoad<T>(work: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const loading = runLoad(
      this.world.tools.agentlike,
      {
        ...{ address: this.ra.address, rootFile: this.world.rootFile('istio-system'), serverName },
        ...{ tokenFile: this.world.boundToken(tenant), certSigner: '', key: 'p256' },
        ...{ ...load, retries: false, durationMs: maxLoadMs },
      },
      over.signal,
    ).catch((error: unknown) => {
      // It is ended in the middle, and says so.
      if (!over.signal.aborted) throw error;
    });
    const early = loading.then(() => Promise.reject(new Error('the load ended by itself')));
    try {
      return await Promise.race([work(), early]);
    } finally {
      over.abort();
      await early.catch(() => undefined);
    }
  }

  /** Runs one of our commands for its JSON; 1 is its way to say that something is wrong. */
  private async command<T>(words: readonly string[]): Promise<T> {
    const env = {
      PATH: process.env['PATH'],
      CERT_SIGNER_DOMAIN: 'clusterissuers.cert-manager.io',
      POD_NAMESPACE: 'istio-system',
    };
    const args = [this.world.program, ...words];
    const result = await runCommand(process.execPath, args, { env });
    if (result.code > 1 || result.stdout === '') {
      throw new CommandError('istio-ra', words, result);
    }
    return JSON.parse(result.stdout) as T;
  }
}
