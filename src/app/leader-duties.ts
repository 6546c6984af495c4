import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { RootDistribution } from '../distribution/root-distribution.ts';
import { startTrustBundleWriter } from '../distribution/trust-bundle-writer.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import { LeaderElection, soleLeader } from '../kube/leader-election.ts';
import type { Leadership } from '../kube/leader-election.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { ControlPlaneServices, controlPlaneLabel } from '../serving/control-plane-services.ts';
import { IstiodTlsSecret } from '../serving/istiod-tls-secret.ts';
import type { OpenedServerCredentials } from '../serving/server-credentials.ts';
import { ServingCertificateIssuer } from '../serving/serving-certificate-issuer.ts';
import { controlPlaneNames } from '../serving/serving-dns-names.ts';

export interface LeaderDutiesOptions {
  readonly config: RaConfig;
  readonly kubernetes: KubernetesApi;
  readonly mesh: MeshSource;
  readonly serverCredentials: OpenedServerCredentials;
  readonly context: StartContext;
}

/**
 * What one replica does for all: the roots in every namespace, the bundle of each signer, the
 * certificate of the istiods. Where none of it is wanted there is no election either.
 */
export function startLeaderDuties(options: LeaderDutiesOptions): MetricsSources {
  const { rootDistribution, clusterTrustBundles, istiodTlsSecret } = options.config;
  const isIdle = rootDistribution === undefined && istiodTlsSecret === undefined;
  if (isIdle && !clusterTrustBundles) return {};
  const leadership = startElection(options);
  if (clusterTrustBundles) startTrustBundles(options, leadership);
  if (istiodTlsSecret !== undefined) startIstiodTls(istiodTlsSecret, options, leadership);
  return {
    leader: () => leadership.isLeader,
    ...(rootDistribution === undefined
      ? {}
      : distributeRoots(rootDistribution.configMapName, options, leadership)),
  };
}

/** Starts the election, or declares this replica the leader where it is the only one. */
function startElection({ config, kubernetes, context }: LeaderDutiesOptions): Leadership {
  if (!config.leaderElection) return soleLeader;
  const election = new LeaderElection({
    leases: kubernetes.leases,
    namespace: config.podNamespace,
    name: config.leaseName,
    identity: config.replica,
    clock: context.clock,
    random: context.random,
    log: context.log.scope('kube'),
  });
  election.start();
  context.started.defer(() => election.stop());
  return election;
}

function distributeRoots(
  configMapName: string,
  { kubernetes, mesh, serverCredentials, context }: LeaderDutiesOptions,
  leadership: Leadership,
): MetricsSources {
  const distribution = new RootDistribution({
    leadership,
    namespaces: kubernetes.namespaceSource(),
    entries: (kind) => kubernetes.keptEntrySource(kind),
    writes: kubernetes.configMapWrites,
    configMapName,
    bundlePem: () => serverCredentials.clientRootsPem(),
    selects: (labels) => mesh.current().config.discoverySelectors.matches(labels),
    selectionVersion: () => mesh.current().config.discoverySelectors,
    clock: context.clock,
    random: context.random,
    log: context.log.scope('distribution'),
  });
  context.started.defer(() => distribution.stop());
  return {
    distribution: () => {
      const { progress, flapping } = distribution.status();
      return { upToDate: progress?.right ?? 0, behind: progress?.pending ?? 0, failures: flapping };
    },
  };
}

function startTrustBundles(
  { kubernetes, mesh, context }: LeaderDutiesOptions,
  leadership: Leadership,
): void {
  const writer = startTrustBundleWriter({
    leadership,
    bundles: kubernetes.clusterTrustBundles,
    trust: () => mesh.current().trust,
    clock: context.clock,
    random: context.random,
    log: context.log.scope('distribution'),
  });
  context.started.defer(() => writer.stop());
}

function startIstiodTls(
  name: string,
  { config, kubernetes, mesh, serverCredentials, context }: LeaderDutiesOptions,
  leadership: Leadership,
): void {
  const { serving, podNamespace: namespace } = config;
  const { clock, random, started } = context;
  const log = context.log.scope('serving');
  if (serving.kind !== 'signer') {
    log.warn('ISTIOD_TLS_SECRET has no effect: it is signed by who signs for us, and nobody does', {
      fix: 'set PILOT_CERT_PROVIDER=k8s.io/<signer>',
    });
    return;
  }
  const source = kubernetes.serviceSource(namespace, controlPlaneLabel);
  const services = new ControlPlaneServices({ source, namespace, clock, random, log });
  services.start();
  started.defer(() => services.stop());
  const secret = new IstiodTlsSecret({
    secrets: kubernetes.secretWrites,
    namespace,
    name,
    dnsNames: () => {
      const customHosts = services.dnsNames();
      if (customHosts === undefined) return undefined;
      return controlPlaneNames({ ...config, customHosts }, mesh.current().config);
    },
    roots: () => serverCredentials.clientRootsPem() ?? '',
    issuer: new ServingCertificateIssuer({
      requests: kubernetes.signingRequests,
      mesh,
      verifier: new ChainVerifier(),
      signerName: serving.signerName,
      ttlSeconds: serving.ttlSeconds,
      approval: config.approval,
      clock,
      log,
    }),
    leadership,
    clock,
    random,
    log,
  });
  secret.start();
  started.defer(() => secret.stop());
}
