import type { StartStack } from '../base/start-stack.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { LoopLag } from '../base/loop-lag.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { IssuerStatuses } from '../kube/issuers.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import type { RecentDecisions } from '../ra/recent-decisions.ts';
import type { AppEdges } from './app-edges.ts';
import { startDebugPages } from '../debug/debug-pages.ts';
import type { DebugPages } from '../debug/debug-pages.ts';
import { Explainer } from '../debug/explainer.ts';
import type { DescribeIssuer } from '../debug/explainer.ts';
import type { Judgement } from './judgement.ts';
import type { WatchAges } from '../kube/watch-ages.ts';

export interface DebugOptions {
  readonly config: RaConfig;
  readonly edges: Pick<AppEdges, 'clock' | 'log' | 'version' | 'pageDirectory'>;
  readonly kubernetes: KubernetesApi;
  readonly judgement: Judgement;
  readonly recent: RecentDecisions;
  readonly readiness: readonly ReadinessCheck[];
  readonly sources: MetricsSources;
  readonly telemetry: { readonly watches: WatchAges };
  readonly loopLag: LoopLag;
  readonly started: StartStack;
}

/** Opens the loopback port with the page and the explanations. */
export async function openDebug(options: DebugOptions): Promise<DebugPages> {
  const { config, edges, kubernetes, judgement, recent, readiness, loopLag, started } = options;
  const { clock } = edges;
  const log = edges.log.scope('server');
  const { worlds } = judgement;
  const { podLookup, accessReviews, issuerStatuses } = kubernetes;
  const describeIssuer = describeWith(issuerStatuses);
  const explainer = new Explainer({
    ...{ config, worlds, podLookup, accessReviews, describeIssuer, recent, clock },
  });
  const pages = await startDebugPages({
    ...{ ...edges, worlds, explainer, recent, readiness, log },
    address: config.debugAddress,
    cluster: config.cluster.id,
    sources: {
      ...options.sources,
      watches: () => options.telemetry.watches.read(),
      lagMs: () => loopLag.p99Ms,
    },
  });
  started.defer(() => pages.stop());
  return pages;
}

function describeWith(issuers: IssuerStatuses): DescribeIssuer {
  return async (signerName, signal) => {
    const status = await issuers.read(signerName, signal);
    if (status === undefined) return undefined;
    const { kind, namespace, name, ready, reason, message } = status;
    const place = namespace === undefined ? name : `${namespace}/${name}`;
    const state = ready === 'True' ? 'ready' : `NOT ready (${ready})`;
    const why = [reason, message].filter((part) => part !== '').join(': ');
    return `${kind} ${place} is ${state}${why === '' ? '' : `: ${why}`}`;
  };
}
