import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { LoopLag } from '../base/loop-lag.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { AssignmentInputSource } from '../authz/assignment-inputs.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { startDebugPages } from '../debug/debug-pages.ts';
import type { DebugPages } from '../debug/debug-pages.ts';
import { describeIssuerBy, Explainer } from '../debug/explainer.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { Watches } from '../kube/watches.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import type { KnownIssuers } from '../ra/known-issuers.ts';
import type { RecentDecisions } from '../ra/recent-decisions.ts';

export interface DebugPageOptions {
  readonly config: RaConfig;
  readonly kubernetes: KubernetesApi;
  readonly inputSource: AssignmentInputSource;
  readonly recent: RecentDecisions;
  readonly issuers: KnownIssuers;
  readonly readiness: readonly ReadinessCheck[];
  readonly sources: MetricsSources;
  readonly watches: Watches;
  readonly loopLag: LoopLag;
  readonly version: string;
  readonly pageDirectory: string;
  readonly context: StartContext;
}

/** Opens the loopback port with the page and the explanations. */
export async function openDebugPage(options: DebugPageOptions): Promise<DebugPages> {
  const { config, kubernetes, inputSource, recent, readiness, watches, loopLag } = options;
  const { clock, log, started } = options.context;
  const explainer = new Explainer({
    config,
    inputSource,
    podLookup: kubernetes.podLookup,
    accessReviews: kubernetes.accessReviews,
    describeIssuer: describeIssuerBy(kubernetes.issuerStatuses),
    recent,
    issuers: options.issuers,
    clock,
  });
  const pages = await startDebugPages({
    address: config.debugAddress,
    inputSource,
    explainer,
    recent,
    cluster: config.cluster.id,
    sources: {
      ...options.sources,
      watches: () => watches.ages(),
      lagMs: () => loopLag.p99Ms,
    },
    readiness,
    version: options.version,
    pageDirectory: options.pageDirectory,
    clock,
    log: log.scope('debug'),
  });
  started.defer(() => pages.stop());
  return pages;
}
