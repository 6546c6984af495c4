import type { TokenReviewCache } from '../authn/token-review-cache.ts';
import type { Random } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { collectGarbageAfterLoad } from '../base/collect-after-load.ts';
import type { ReadinessCheck, Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { LoopLag } from '../base/loop-lag.ts';
import type { MemoryLimit } from '../base/memory-limit.ts';
import { StartStack } from '../base/start-stack.ts';
import type { StartContext } from '../base/start-stack.ts';
import { startKnownClusters } from '../clusters/known-clusters.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { warnOfSettings } from '../config/setting-warnings.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import { openCluster } from '../kube/client-node/open-cluster.ts';
import { Watches } from '../kube/watches.ts';
import type { FollowedMesh } from '../mesh/mesh-snapshot.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import { KnownIssuers } from '../ra/known-issuers.ts';
import type { RecentDecisions } from '../ra/recent-decisions.ts';
import { GrpcServer } from '../server/grpc-server.ts';
import { openServerCredentials } from '../serving/server-credentials.ts';
import { maxServingRequestMs } from '../serving/serving-certificate.ts';
import { startSigning } from '../signer/start-signing.ts';
import type { Signing } from '../signer/start-signing.ts';
import { openAuthentication } from './authentication.ts';
import { openDebugPage } from './debug-page.ts';
import { openDecisionLog } from './decision-log.ts';
import { startLeaderDuties } from './leader-duties.ts';
import { openMeshSource } from './mesh-source.ts';
import { runningSources } from './metrics-sources.ts';
import { startOpsServers } from './ops-servers.ts';
import { openPassThrough } from './pass-through.ts';
import { openRequestHandling } from './request-handling.ts';
import type { AccessControl, RequestHandling } from './request-handling.ts';
import { startAuthorization } from './authorization.ts';
import { openTelemetry } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';

const readyPollMs = 20;
/** A loop that lags like this for so long will not recover. */
const hopeless = { lagMs: 2_000, forMs: 10_000 };

/** What comes from outside of the process, so that a test can choose it. */
export interface AppEdges {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where ca.proto lies. */
  readonly protoDirectory: string;
  /** Where the page of the debug port lies. */
  readonly pageDirectory: string;
  readonly version: string;
  /** How many connections there is room for depends on it. */
  readonly memoryLimit: MemoryLimit;
  /** Measures the event loop; one of our own where absent. Whoever gave it need not start it. */
  readonly loopLag?: LoopLag | undefined;
  /** Ends a start that waits for something, such as the mesh config. */
  readonly stopAsked?: AbortSignal | undefined;
}

/** The running registration authority. */
export interface App extends Stoppable {
  /** Where CreateCertificate is served, `host:port`. */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly monitoringAddress: string;
  readonly debugAddress: string;
  /** Resolves when every readiness check holds; rejects with the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
}

/** Starts everything, in the order in which the parts need each other. Throws when a part cannot. */
export async function startApp(config: RaConfig, edges: AppEdges): Promise<App> {
  const started = new StartStack();
  try {
    const { clock, random, log } = edges;
    return await start(config, edges, { clock, random, log, started });
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function start(config: RaConfig, edges: AppEdges, context: StartContext): Promise<App> {
  const core = await startCoreServices(config, edges, context);
  const { kubernetes, mesh, readiness, life } = core;
  const requests = await startRequestParts(config, core);
  const serverCredentials = await openServerCredentials(config, {
    requests: kubernetes.signingRequests,
    mesh,
    context,
  });
  readiness.push(serverCredentials.source);
  const istiod = await openPassThrough(config, serverCredentials, context);
  if (istiod !== undefined) readiness.push(istiod.reached);
  const grpc = new GrpcServer({
    service: requests.service,
    credentials: serverCredentials.credentials,
    protoDirectory: edges.protoDirectory,
    reflection: config.reflection,
    passThrough: istiod?.passThrough,
    memoryLimitBytes: edges.memoryLimit.bytes,
    drainDelayMs: config.drain.delayMs,
    clock: context.clock,
    log: context.log.scope('server'),
  });
  const sources: MetricsSources = {
    ...runningSources({ ...requests, grpc, mesh, readiness }),
    ...startLeaderDuties({ config, kubernetes, mesh, serverCredentials, context }),
    ...istiod?.sources,
    servingCertificate: () => serverCredentials.source.notAfter,
  };
  core.telemetry.metrics.addSources(sources);
  const debugAddress = await startDebug(config, edges, { core, requests, sources });
  const grpcAddress = await serve(config, { grpc, life, started: context.started });
  const addresses = { ...core.http, grpcAddress, debugAddress };
  logServing(edges, addresses);
  return {
    ...addresses,
    ready: (signal) => awaitReady(readiness, edges.clock, signal),
    stop: () => context.started.stop(),
  };
}

/** What every other part stands on. */
interface CoreServices {
  readonly context: StartContext;
  readonly version: string;
  readonly telemetry: Telemetry;
  readonly watches: Watches;
  readonly kubernetes: KubernetesApi;
  readonly mesh: FollowedMesh;
  /** Grows while the parts start. */
  readonly readiness: ReadinessCheck[];
  readonly life: LifeCheck;
  readonly loopLag: LoopLag;
  readonly http: { readonly httpAddress: string; readonly monitoringAddress: string };
}

async function startCoreServices(
  config: RaConfig,
  edges: AppEdges,
  context: StartContext,
): Promise<CoreServices> {
  const { version } = edges;
  const { clock, log, started } = context;
  const { bytes: memoryLimitBytes, source: memoryLimitSource } = edges.memoryLimit;
  log.info('starting', { version, memoryLimitBytes, memoryLimitSource });
  const watches = new Watches(context);
  const telemetry = await openTelemetry({ config, version, watches, context });
  const { metrics } = telemetry;
  warnOfSettings(config, log);
  const kubernetes = await openCluster({
    kubernetes: config.kubernetes,
    clock,
    log,
    version,
    onCall: metrics.onApiCall,
  });
  started.defer(() => kubernetes.close());
  const life = new LifeCheck();
  const readiness: ReadinessCheck[] = [life];
  const loopLag = edges.loopLag ?? new LoopLag({ clock });
  loopLag.start();
  started.defer(() => loopLag.stop());
  collectGarbageAfterLoad(context, globalThis.gc);
  // Before all that takes time, so that it can be seen what a start waits for.
  const liveness = [loopLag.check(hopeless.lagMs, hopeless.forMs)];
  const http = await startOpsServers({ config, readiness, liveness, metrics, version, context });
  const opened = await openMeshSource(config, { kubernetes, watches, context });
  readiness.push(...opened.readiness);
  const mesh = await opened.known(edges.stopAsked);
  return {
    context,
    version,
    telemetry,
    watches,
    kubernetes,
    mesh,
    readiness,
    life,
    loopLag,
    http,
  };
}

/** Everything that decides on a request and gets it signed. */
interface RequestParts extends RequestHandling {
  readonly access: AccessControl;
  /** Of the local cluster. */
  readonly tokenReviews: TokenReviewCache;
  readonly signing: Signing;
  readonly issuers: KnownIssuers;
  readonly decisions: RecentDecisions;
}

async function startRequestParts(config: RaConfig, core: CoreServices): Promise<RequestParts> {
  const { kubernetes, watches, context, telemetry, readiness, loopLag } = core;
  const { access, tokenReviews, ...known } = await startAccessControl(config, core);
  const { metrics, tracing } = telemetry;
  const { audit, decisions } = await openDecisionLog({ config, metrics, tracing, context });
  const signing = startSigning({
    config,
    kubernetes,
    approvals: audit,
    changes: audit,
    maxOtherRequestMs: maxServingRequestMs[config.approval],
    context,
  });
  readiness.push(watches.enter('certificatesigningrequests', signing.watch));
  readiness.push(...known.readiness, audit);
  const issuers = new KnownIssuers();
  const { service, admission } = openRequestHandling({
    config,
    access,
    signer: signing.signer,
    issuers,
    decisions,
    onStarted: metrics.onRequest,
    loopLag,
    context,
  });
  return { service, admission, access, tokenReviews, signing, issuers, decisions };
}

async function startAccessControl(
  config: RaConfig,
  { kubernetes, mesh, watches, context, version }: CoreServices,
): Promise<{
  readonly access: AccessControl;
  readonly tokenReviews: TokenReviewCache;
  readonly readiness: readonly ReadinessCheck[];
}> {
  const known = await startKnownClusters({ config, kubernetes, mesh, watches, context, version });
  const authorization = await startAuthorization({
    config,
    kubernetes,
    remotes: known.remotes,
    mesh,
    watches,
    context,
  });
  const { inputSource, callerPods, nodeAuthorizer } = authorization;
  const clusters = known.registry;
  const authenticator = await openAuthentication({ config, clusters, inputSource, mesh, context });
  return {
    access: { authenticator, nodeAuthorizer, inputSource, callerPods },
    tokenReviews: known.tokenReviews,
    readiness: [...known.readiness, ...authorization.readiness],
  };
}

async function startDebug(
  config: RaConfig,
  { pageDirectory, version }: AppEdges,
  parts: {
    readonly core: CoreServices;
    readonly requests: RequestParts;
    readonly sources: MetricsSources;
  },
): Promise<string> {
  const { core, requests, sources } = parts;
  const pages = await openDebugPage({
    config,
    kubernetes: core.kubernetes,
    inputSource: requests.access.inputSource,
    recent: requests.decisions,
    issuers: requests.issuers,
    readiness: core.readiness,
    sources,
    watches: core.watches,
    loopLag: core.loopLag,
    version,
    pageDirectory,
    context: core.context,
  });
  return pages.address;
}

/** Listens for calls, the last of all that starts and the first of all that stops. */
async function serve(
  { serving, secureGrpcAddress, drain }: RaConfig,
  {
    grpc,
    life,
    started,
  }: {
    readonly grpc: GrpcServer;
    readonly life: LifeCheck;
    readonly started: StartStack;
  },
): Promise<string> {
  const address = serving.kind === 'none' ? serving.grpcAddress : secureGrpcAddress;
  const grpcAddress = await grpc.start(address);
  grpc.setServing(true);
  life.phase = 'serving';
  started.defer(async () => {
    life.phase = 'stopping';
    await grpc.stop(drain.callsMs);
  });
  return grpcAddress;
}

function logServing({ log, version }: AppEdges, addresses: Omit<App, 'ready' | 'stop'>): void {
  const { grpcAddress: grpc, httpAddress: http } = addresses;
  const { monitoringAddress: monitoring, debugAddress: debug } = addresses;
  log.info('serving', { grpc, http, monitoring, debug, version });
}

/** Not ready before all have started, and once the process is on its way out. */
class LifeCheck implements ReadinessCheck {
  readonly name = 'not-draining';
  phase: 'starting' | 'serving' | 'stopping' = 'starting';

  notReadyBecause(): string | undefined {
    return this.phase === 'serving' ? undefined : `the process is ${this.phase}`;
  }
}

async function awaitReady(
  checks: readonly ReadinessCheck[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (checks.some((check) => check.notReadyBecause() !== undefined)) {
    await sleep(clock, readyPollMs, signal);
  }
}
