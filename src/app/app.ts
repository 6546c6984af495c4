import type { AuditLog } from '../audit/audit-log.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import type { Random } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { ReadinessCheck, Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { StartStack } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { MeshConfigFile } from '../mesh/mesh-config-file.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { RegistrationAuthority } from '../ra/registration-authority.ts';
import { CertificateService } from '../server/certificate-service.ts';
import { RotatingServerCredentials } from '../server/credentials.ts';
import { GrpcServer } from '../server/grpc-server.ts';
import { OpsHttpServer } from '../server/ops-http-server.ts';
import { startAssignment } from './assignment.ts';
import type { Assignment } from './assignment.ts';
import { openAuditLog } from './audit-trail.ts';
import { openAuthentication } from './authentication.ts';
import { openCluster } from './cluster.ts';
import { DecisionLogger } from './decision-logger.ts';
import { startKnownClusters } from './known-clusters.ts';
import type { KnownClustersOptions } from './known-clusters.ts';
import { watchCheck } from './resource-feeds.ts';
import { readServingIdentity } from './serving-identity.ts';
import { startSigning } from './signing.ts';
import type { Signing } from './signing.ts';

/** What comes from outside of the process, so that a test can choose it. */
export interface AppEdges {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where ca.proto lies. */
  readonly protoDirectory: string;
  readonly version: string;
}

/** How long calls under way may take to finish after a stop was asked for. */
const drainMs = 20_000;
const removalDrainMs = 5_000;
const readyPollMs = 20;

/** The running registration authority. */
export interface App extends Stoppable {
  /** Where CreateCertificate is served, `host:port`. */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly monitoringAddress: string;
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
  const { clock, random, log } = edges;
  const mesh = await MeshConfigFile.open({ path: config.meshConfigPath, clock, log });
  started.defer(() => mesh.stop());
  const kubernetes = await openCluster({ ...config, ...edges });
  started.defer(() => kubernetes.close());
  const { approval, replica } = config;
  const context = { clock, random, log, started };
  const { version } = edges;
  const judgement = await startJudgement({ config, kubernetes, mesh, context, version });
  const audit = await openAuditLog({ ...config, clock, random, log });
  started.defer(() => audit.stop());
  const approvals = audit;
  const signing = startSigning({
    ...{ kubernetes, approval, approvals, replica, clock, random, log },
    budgetMs: config.requestBudgetMs,
  });
  started.defer(() => stopSigning(signing, clock));
  const service = certificateService(config, { edges, judgement, signing, audit });
  const credentials = new RotatingServerCredentials(await readServingIdentity(config.tls));
  const { protoDirectory } = edges;
  const { reflection } = config;
  const grpc = new GrpcServer({ service, credentials, protoDirectory, reflection, clock, log });
  const draining = new DrainingCheck();
  const readiness: readonly ReadinessCheck[] = [
    watchCheck('certificatesigningrequests', signing.watch),
    ...judgement.readiness,
    audit,
    draining,
  ];
  const http = await startOpsServers(config, edges, { readiness, started });
  const grpcAddress = await grpc.start(config.secureGrpcAddress);
  grpc.setServing(true);
  started.defer(async () => {
    draining.begin();
    await grpc.stop(drainMs);
  });
  log.info('serving', { grpc: grpcAddress, http: http.httpAddress, version });
  return {
    grpcAddress,
    ...http,
    ready: (signal) => awaitReady(readiness, clock, signal),
    stop: () => started.stop(),
  };
}

/** What tells who calls, and what that caller may have. */
interface Judgement extends Assignment {
  readonly authenticator: Authenticator;
}

async function startJudgement(options: KnownClustersOptions): Promise<Judgement> {
  const { registry: clusters, remotes, readiness } = await startKnownClusters(options);
  const assignment = await startAssignment({ ...options, remotes });
  const { worlds } = assignment;
  const authenticator = await openAuthentication({ ...options, clusters, worlds });
  return { ...assignment, authenticator, readiness: [...readiness, ...assignment.readiness] };
}

function certificateService(
  config: RaConfig,
  parts: {
    readonly edges: AppEdges;
    readonly judgement: Judgement;
    readonly signing: Signing;
    readonly audit: AuditLog;
  },
): CertificateService {
  const { edges, judgement, signing, audit } = parts;
  const { clock, log } = edges;
  return new CertificateService({
    authenticator: judgement.authenticator,
    nodeAuthorizer: judgement.nodeAuthorizer,
    issuer: new RegistrationAuthority({
      worlds: judgement.worlds,
      callerPods: judgement.callerPods,
      lifetime: config.lifetime,
      signer: signing.signer,
      verifier: new ChainVerifier(),
      clock,
    }),
    decisions: new DecisionLogger({ log, audit, clock }),
    clock,
    log,
    budgetMs: config.requestBudgetMs,
  });
}

async function startOpsServers(
  config: RaConfig,
  edges: AppEdges,
  parts: {
    readonly readiness: readonly ReadinessCheck[];
    readonly started: StartStack;
  },
): Promise<{ readonly httpAddress: string; readonly monitoringAddress: string }> {
  const options = {
    readiness: parts.readiness,
    version: { version: edges.version, node: process.version },
    log: edges.log,
  };
  const open = async (address: string): Promise<string> => {
    const server = new OpsHttpServer(options);
    parts.started.defer(() => server.stop());
    return server.start(address);
  };
  return {
    httpAddress: await open(config.httpAddress),
    monitoringAddress: await open(config.monitoringAddress),
  };
}

/** Not ready again once the process is on its way out, so that no new client is sent here. */
class DrainingCheck implements ReadinessCheck {
  readonly name = 'not-draining';
  #draining = false;

  begin(): void {
    this.#draining = true;
  }

  notReadyBecause(): string | undefined {
    return this.#draining ? 'the process is stopping' : undefined;
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

/** What our objects cost the cluster ends with us where a few seconds suffice. */
async function stopSigning(signing: Signing, clock: Clock): Promise<void> {
  const enough = new AbortController();
  const bound = sleep(clock, removalDrainMs, enough.signal).catch(() => undefined);
  await Promise.race([signing.removals.drained(), bound]);
  enough.abort();
  await signing.stop();
}
