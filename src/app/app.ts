import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { ReadinessCheck, Stoppable } from '../base/lifecycle.ts';
import { LoopLag } from '../base/loop-lag.ts';
import { StartStack } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { FollowedMesh } from '../mesh/mesh-snapshot.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import { KnownIssuers } from '../ra/known-issuers.ts';
import { RecentDecisions } from '../ra/recent-decisions.ts';
import { GrpcServer } from '../server/grpc-server.ts';
import type { AppEdges } from './app-edges.ts';
import { openAuditLog } from './audit-trail.ts';
import { openCertificateAuthority } from './certificate-authority.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { openCluster } from './cluster.ts';
import { collectGarbageAfterLoad } from '../base/collect-garbage.ts';
import { openDebug } from './debug.ts';
import { openFront } from './front.ts';
import { startJudgement } from './judgement.ts';
import type { Judgement } from './judgement.ts';
import { startLeaderDuties } from './leader-duties.ts';
import { openMeshSource } from './mesh-source.ts';
import { startOpsServers } from './ops-servers.ts';
import type { FeedContext } from '../kube/resource-feeds.ts';
import { watchCheck } from '../kube/resource-feeds.ts';
import { runningSources } from './running-sources.ts';
import { openOwnCertificate } from '../serving/own-certificate.ts';
import { warnOfSettings } from './setting-warnings.ts';
import { openSigning } from './open-signing.ts';
import type { Signing } from './signing.ts';
import { openTelemetry } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';

/** How long calls under way may take to finish after a stop was asked for. */
const drainMs = 20_000;
const readyPollMs = 20;
/** A loop that lags like this for so long will not recover. */
const hopeless = { lagMs: 2_000, forMs: 10_000 };

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
    return await start(config, edges, started);
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function start(config: RaConfig, edges: AppEdges, started: StartStack): Promise<App> {
  const ground = await startGround(config, edges, started);
  const { kubernetes, mesh, context, readiness, telemetry, life } = ground;
  const authority = await startAuthority(config, ground);
  const requests = kubernetes.signingRequests;
  const ownCertificate = await openOwnCertificate(config, { ...context, requests, mesh });
  readiness.push(ownCertificate.source);
  const front = config.front && (await openFront(config.front, ownCertificate, context));
  if (front !== undefined) readiness.push(front.reached);
  const grpc = new GrpcServer({
    ...{ ...edges, ...ownCertificate, service: authority.service },
    reflection: config.reflection,
    passThrough: front?.passThrough,
    lingerMs: config.load.drainDelayMs,
    memoryLimitBytes: edges.memoryLimit.bytes,
    log: edges.log.scope('server'),
  });
  const sources: MetricsSources = {
    ...runningSources({ ...authority.judgement, ...ground, ...authority, grpc }),
    ...startLeaderDuties({ config, kubernetes, mesh, ownCertificate, context }),
    ...front?.sources,
    servingCertificate: () => ownCertificate.source.notAfter,
  };
  telemetry.metrics.addSources(sources);
  const debug = await openDebug({ ...ground, ...authority, config, edges, sources, started });
  const { serving, secureGrpcAddress } = config;
  const address = serving.kind === 'none' ? serving.grpcAddress : secureGrpcAddress;
  const grpcAddress = await grpc.start(address);
  grpc.setServing(true);
  life.phase = 'serving';
  started.defer(async () => {
    life.phase = 'stopping';
    await grpc.stop(drainMs);
  });
  const addresses = { ...ground.http, grpcAddress, debugAddress: debug.address };
  logServing(edges, addresses);
  return {
    ...addresses,
    ready: (signal) => awaitReady(readiness, edges.clock, signal),
    stop: () => started.stop(),
  };
}

function logServing({ log, version }: AppEdges, addresses: Omit<App, 'ready' | 'stop'>): void {
  const { grpcAddress: grpc, httpAddress: http } = addresses;
  const { monitoringAddress: monitoring, debugAddress: debug } = addresses;
  log.info('serving', { grpc, http, monitoring, debug, version });
}

/** What all parts stand on. */
interface Ground {
  readonly telemetry: Telemetry;
  readonly kubernetes: KubernetesApi;
  readonly mesh: FollowedMesh;
  readonly context: FeedContext;
  /** Grows while the parts start. */
  readonly readiness: ReadinessCheck[];
  readonly life: LifeCheck;
  readonly loopLag: LoopLag;
  readonly version: string;
  readonly http: { readonly httpAddress: string; readonly monitoringAddress: string };
}

async function startGround(
  config: RaConfig,
  edges: AppEdges,
  started: StartStack,
): Promise<Ground> {
  const { clock, random, log, version, memoryLimit } = edges;
  const { bytes: memoryLimitBytes, source: memoryLimitSource } = memoryLimit;
  log.info('starting', { version, memoryLimitBytes, memoryLimitSource });
  const telemetry = await openTelemetry({ config, version, clock, log, started });
  warnOfSettings(config, log);
  const kubernetes = await openCluster({
    ...config,
    ...edges,
    onCall: telemetry.metrics.onApiCall,
  });
  started.defer(() => kubernetes.close());
  const context: FeedContext = { clock, random, log, started, watches: telemetry.watches };
  const life = new LifeCheck();
  const readiness: ReadinessCheck[] = [life];
  const loopLag = edges.loopLag ?? new LoopLag({ clock });
  loopLag.start();
  started.defer(() => loopLag.stop());
  collectGarbageAfterLoad(context);
  // Before all that takes time, so that it can be seen what a start waits for.
  const http = await startOpsServers({
    ...{ config, readiness, version, log, started },
    liveness: [loopLag.check(hopeless.lagMs, hopeless.forMs)],
    metrics: telemetry.route,
  });
  const opened = await openMeshSource(config, { ...context, kubernetes });
  readiness.push(...opened.readiness);
  const mesh = await opened.known(edges.stopAsked);
  return { telemetry, kubernetes, mesh, context, readiness, life, loopLag, version, http };
}

/** Everything that decides on a request and gets it signed. */
interface Authority extends CertificateAuthority {
  readonly judgement: Judgement;
  readonly signing: Signing;
  readonly issuers: KnownIssuers;
  readonly recent: RecentDecisions;
}

async function startAuthority(config: RaConfig, ground: Ground): Promise<Authority> {
  const { telemetry, kubernetes, context, readiness } = ground;
  const { clock, random, log, started } = context;
  const judgement = await startJudgement({ ...ground, config });
  const audit = await openAuditLog({ ...config, clock, random, log });
  started.defer(() => audit.stop());
  const signing = openSigning({ config, kubernetes, approvals: audit, changes: audit, context });
  readiness.push(watchCheck('certificatesigningrequests', signing.watch));
  readiness.push(...judgement.readiness, audit);
  const issuers = new KnownIssuers();
  const recent = new RecentDecisions(telemetry.decisionsTo(audit), () => clock.now());
  const authority = openCertificateAuthority({
    ...{ ...ground, config, judgement, signing, issuers, clock, random, log },
    decisions: recent,
    onStarted: telemetry.metrics.onRequest,
  });
  return { ...authority, judgement, signing, issuers, recent };
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
