import { join } from 'node:path';
import { startDebugPages } from '../../../src/debug/debug-pages.ts';
import type { DebugPages } from '../../../src/debug/debug-pages.ts';
import type { HealthSources } from '../../../src/debug/health.ts';
import { Explainer } from '../../../src/debug/explainer.ts';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import type { AssignmentInputs } from '../../../src/authz/assignment-inputs.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { RaError } from '../../../src/base/ra-error.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { parseProxyConfig } from '../../../src/mesh/proxy-config.ts';
import { ProxyConfigIndex } from '../../../src/mesh/proxy-config-index.ts';
import { Decision } from '../../../src/ra/decision.ts';
import type { DecisionFacts } from '../../../src/ra/decision.ts';
import { KnownIssuers } from '../../../src/ra/known-issuers.ts';
import { RecentDecisions } from '../../../src/ra/recent-decisions.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { signerDomain } from '../../support/orders.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { TestAuthority } from '../../support/test-authority.ts';

export const pageDirectory = join(import.meta.dirname, '../../../page');

/** A tenant's signer, short, with the PEM of its roots. */
export interface FixtureSigner {
  readonly name: string;
  readonly pem: string;
}

/** One signer with a root of its own. */
export async function aSigner(name: string, now: number): Promise<FixtureSigner> {
  const { certificatePem } = await TestAuthority.make(`${name} root`, now);
  return { name, pem: certificatePem };
}

/** A world where a ProxyConfig of each namespace names the namespace's signer. */
export function worldOf(
  signers: readonly FixtureSigner[],
  signerOf: ReadonlyMap<string, string>,
  policy = '',
): AssignmentInputs {
  const caCertificates = signers.map(({ name, pem }) => ({
    pem,
    certSigners: [`${signerDomain}/${name}`],
  }));
  const index = new ProxyConfigIndex();
  for (const [namespace, signer] of signerOf) {
    const metadata = { namespace, name: `${namespace}pc`, uid: namespace, resourceVersion: '1' };
    const environmentVariables = { ISTIO_META_CERT_SIGNER: signer };
    const entry = parseProxyConfig({ metadata, spec: { environmentVariables } });
    if (entry !== undefined) index.put(entry);
  }
  return {
    policy: parseSignerPolicy(policy, { signerDomain }),
    proxyConfigs: index.current(),
    settings: { signerDomain, defaultSigner: undefined, rootNamespace: 'istio-system' },
    mesh: loadMeshSnapshot(JSON.stringify({ caCertificates }), 1),
    namespaceLabels: () => undefined,
  };
}

export interface FixtureDecision {
  readonly namespace: string;
  readonly account: string;
  readonly facts?: DecisionFacts;
  readonly refused?: RaError;
  /** How long each step takes, in milliseconds. */
  readonly steps?: Readonly<Record<string, number>>;
}

/** The page over a world that stands still, told of whatever decisions a test makes up. */
export class PageFixture {
  readonly clock: FakeClock;
  readonly recent: RecentDecisions;
  readonly #pages: DebugPages;
  #requests = 0;

  private constructor(clock: FakeClock, recent: RecentDecisions, pages: DebugPages) {
    this.clock = clock;
    this.recent = recent;
    this.#pages = pages;
  }

  /** `now` is the real time where absent: the page counts the days that roots have left. */
  static async start(world: AssignmentInputs, sources: HealthSources = {}): Promise<PageFixture> {
    const clock = new FakeClock(Date.now());
    const keepsNothing = { issued: () => Promise.resolve(), refused: () => undefined };
    const recent = new RecentDecisions(keepsNothing, () => clock.now());
    const inputSource = { current: () => world };
    const pages = await startDebugPages({
      ...{ inputSource, recent, sources, pageDirectory, clock },
      explainer: explainerOf(world, recent, clock),
      address: '127.0.0.1:0',
      cluster: 'Kubernetes',
      readiness: [
        { name: 'watch-proxyconfigs', notReadyBecause: () => undefined },
        { name: 'audit', notReadyBecause: () => undefined },
      ],
      version: 'test',
      log: new RecordingLogger(),
    });
    return new PageFixture(clock, recent, pages);
  }

  get url(): string {
    return `http://${this.#pages.address}/`;
  }

  /** A request that is decided now. */
  async decide({ namespace, account, facts, refused, steps = {} }: FixtureDecision): Promise<void> {
    this.#requests += 1;
    const clock = new FakeClock(this.clock.now());
    const decision = new Decision(`request-${this.#requests}`, clock);
    const identity = `spiffe://cluster.local/ns/${namespace}/sa/${account}`;
    decision.note({ identity, caller: identity, callerCluster: 'Kubernetes', ...facts });
    for (const [step, ms] of Object.entries(steps)) {
      await decision.timed(step, () => clock.advance(ms));
    }
    if (refused === undefined) await this.recent.issued(decision);
    else this.recent.refused(decision, refused);
  }

  /** One that got a certificate of that signer for a day. */
  issue(namespace: string, account: string, signer: string): Promise<void> {
    return this.decide({ namespace, account, facts: this.certificateOf(signer) });
  }

  certificateOf(signer: string): DecisionFacts {
    const notAfter = new Date(this.clock.now() + 86_400_000).toISOString();
    return { signer: `${signerDomain}/${signer}`, assignedBy: 'a ProxyConfig', notAfter };
  }

  stop(): Promise<void> {
    return this.#pages.stop();
  }
}

function explainerOf(world: AssignmentInputs, recent: RecentDecisions, clock: Clock): Explainer {
  return new Explainer({
    config: {
      approval: 'self',
      cluster: { id: 'Kubernetes', aliases: [] },
      lifetime: { defaultTtlSeconds: 86_400, maxTtlSeconds: 86_400 },
      trustedNodeAccounts: [],
    },
    inputSource: { current: () => world },
    podLookup: {
      read: () => Promise.resolve(undefined),
      listOnNode: () => Promise.resolve([]),
    },
    accessReviews: { can: () => Promise.resolve(true) },
    describeIssuer: undefined,
    issuers: new KnownIssuers(),
    recent,
    clock,
  });
}
