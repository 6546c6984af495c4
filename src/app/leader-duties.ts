import type { RaConfig } from '../config/ra-config.ts';
import { startRootDistribution } from '../distribution/root-distribution.ts';
import { startTrustBundleWriter } from '../distribution/trust-bundle-writer.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { Leadership } from '../kube/leader-election.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { startLeadership } from './leadership.ts';
import type { FeedContext } from '../kube/resource-feeds.ts';
import { ControlPlaneServices, controlPlaneLabel } from '../serving/control-plane-services.ts';
import { IstiodTlsSecret } from '../serving/istiod-tls-secret.ts';
import type { OwnCertificate } from '../serving/own-certificate.ts';
import { ServingCertificateIssuer } from '../serving/serving-certificate-issuer.ts';
import { controlPlaneNames } from '../serving/serving-dns-names.ts';

export interface LeaderDutiesOptions {
  readonly config: RaConfig;
  readonly kubernetes: KubernetesApi;
  readonly mesh: MeshSource;
  readonly ownCertificate: OwnCertificate;
  readonly context: FeedContext;
}

/**
 * What one replica does for all: the roots in every namespace, the bundle of each signer, the
 * certificate of the istiods. Where none of it is wanted there is no election either.
 */
export function startLeaderDuties(options: LeaderDutiesOptions): MetricsSources {
  const { config, kubernetes, context } = options;
  const { rootDistribution, clusterTrustBundles, istiodTlsSecret } = config;
  const isIdle = rootDistribution === undefined && istiodTlsSecret === undefined;
  if (isIdle && !clusterTrustBundles) return {};
  const leadership = startLeadership(config, kubernetes.leases, context);
  if (clusterTrustBundles) startTrustBundles(options, leadership);
  if (istiodTlsSecret !== undefined) startIstiodTls(istiodTlsSecret, options, leadership);
  return {
    leader: () => leadership.isLeader,
    ...(rootDistribution === undefined
      ? {}
      : distributeRoots(rootDistribution.configMapName, options, leadership)),
  };
}

function distributeRoots(
  configMapName: string,
  { kubernetes, mesh, ownCertificate, context }: LeaderDutiesOptions,
  leadership: Leadership,
): MetricsSources {
  const distribution = startRootDistribution({
    ...{ leadership, configMapName, ...context },
    log: context.log.scope('distribution'),
    namespaces: kubernetes.namespaceSource(),
    entries: (kind) => kubernetes.keptEntrySource(kind),
    writes: kubernetes.configMapWrites,
    bundlePem: () => ownCertificate.clientRootsPem(),
    selects: (labels) => mesh.current().config.discoverySelectors.matches(labels),
    selectionVersion: () => mesh.current().config.discoverySelectors,
  });
  context.started.defer(() => distribution.stop());
  return {
    distribution: () => {
      const { progress, fights } = distribution.status();
      return { upToDate: progress?.right ?? 0, behind: progress?.pending ?? 0, failures: fights };
    },
  };
}

function startTrustBundles(
  { kubernetes, mesh, context }: LeaderDutiesOptions,
  leadership: Leadership,
): void {
  const { clock, random, started } = context;
  const log = context.log.scope('distribution');
  const writer = startTrustBundleWriter({
    ...{ leadership, clock, random, log },
    bundles: kubernetes.clusterTrustBundles,
    trust: () => mesh.current().trust,
  });
  started.defer(() => writer.stop());
}

function startIstiodTls(
  name: string,
  { config, kubernetes, mesh, ownCertificate, context }: LeaderDutiesOptions,
  leadership: Leadership,
): void {
  const { serving, approval, podNamespace: namespace } = config;
  const { clock, random, started } = context;
  const log = context.log.scope('server');
  if (serving.kind !== 'signer') {
    log.warn('ISTIOD_TLS_SECRET has no effect: it is signed by who signs for us, and nobody does', {
      fix: 'set PILOT_CERT_PROVIDER=k8s.io/<signer>',
    });
    return;
  }
  const requests = kubernetes.signingRequests;
  const issuer = new ServingCertificateIssuer({
    ...{ ...serving, requests, mesh, approval, clock, log },
    verifier: new ChainVerifier(),
  });
  const services = new ControlPlaneServices({
    source: kubernetes.serviceSource(namespace, controlPlaneLabel),
    ...{ namespace, clock, random, log },
  });
  services.start();
  started.defer(() => services.stop());
  const dnsNames = (): readonly string[] | undefined => {
    const customHosts = services.dnsNames();
    if (customHosts === undefined) return undefined;
    return controlPlaneNames({ ...config, customHosts }, mesh.current().config);
  };
  const keeper = new IstiodTlsSecret({
    ...{ namespace, name, issuer, leadership, clock, random, log, dnsNames },
    secrets: kubernetes.secretWrites,
    roots: () => ownCertificate.clientRootsPem() ?? '',
  });
  keeper.start();
  started.defer(() => keeper.stop());
}
