import type { RaConfig } from '../config/ra-config.ts';
import type { AccessQuestion } from '../kube/reviews.ts';
import { csrPermissions } from '../signer/csr/csr-permissions.ts';
import type { Severity } from './check.ts';

/** One right that a feature which is on cannot do without. */
export interface NeededRight {
  readonly question: AccessQuestion;
  /** What it is for, in a few words. */
  readonly purpose: string;
  /** What becomes of a lack of it. */
  readonly severity: Severity;
}

export interface RightsQuestion {
  readonly config: RaConfig;
  /** Every signer that may be asked for, by full name. */
  readonly signers: readonly string[];
  readonly isMeshInConfigMap: boolean;
}

type Resource = Omit<AccessQuestion, 'verb'>;

const certificates = 'certificates.k8s.io';

function rights(
  verbs: readonly string[],
  resource: Resource,
  purpose: string,
  severity: Severity = 'error',
): readonly NeededRight[] {
  return verbs.map((verb) => ({ question: { verb, ...resource }, purpose, severity }));
}

/** The rights that `serve` needs with these settings: what the chart would give, feature by feature. */
export function neededRights(question: RightsQuestion): readonly NeededRight[] {
  return [
    ...signingRights(question),
    ...assignmentRights(question),
    ...meshRights(question),
    ...distributionRights(question),
    ...trustBundleRights(question),
    ...leaderRights(question),
    ...question.signers.flatMap(issuerRights),
  ];
}

function signingRights({ config, signers }: RightsQuestion): readonly NeededRight[] {
  const reviews = { group: 'authentication.k8s.io', resource: 'tokenreviews' };
  const signing = csrPermissions(config.approval, signers).map(
    ({ question, purpose, isOptional }): NeededRight => ({
      question,
      purpose,
      severity: isOptional ? 'warning' : 'error',
    }),
  );
  return [...rights(['create'], reviews, 'who calls'), ...signing];
}

function assignmentRights({ config }: RightsQuestion): readonly NeededRight[] {
  const { proxyConfigs, trustedNodeAccounts, signerPolicyPath, rootDistribution } = config;
  const watching = ['list', 'watch'];
  const pods = { group: '', resource: 'pods' };
  const configs = { group: 'networking.istio.io', resource: 'proxyconfigs' };
  const usesNamespaces = signerPolicyPath !== undefined || rootDistribution !== undefined;
  return [
    ...(proxyConfigs === 'watch' ? rights(watching, configs, 'signers by ProxyConfig') : []),
    ...(proxyConfigs === 'watch' ? rights(['get'], pods, 'ProxyConfigs that select pods') : []),
    ...(trustedNodeAccounts.length > 0 ? rights(watching, pods, 'node agents') : []),
    ...(usesNamespaces
      ? rights(watching, { group: '', resource: 'namespaces' }, 'rules, and roots for clients')
      : []),
  ];
}

function meshRights({ config, isMeshInConfigMap }: RightsQuestion): readonly NeededRight[] {
  const { meshSource, sharedConfigMapName, podNamespace: namespace } = config;
  const main = isMeshInConfigMap && meshSource.kind === 'found' ? [meshSource.configMap] : [];
  const shared =
    sharedConfigMapName === undefined ? [] : [{ namespace, name: sharedConfigMapName }];
  return [...main, ...shared].flatMap((map) =>
    rights(['list', 'watch'], { group: '', resource: 'configmaps', ...map }, 'mesh config'),
  );
}

function distributionRights({ config }: RightsQuestion): readonly NeededRight[] {
  const { rootDistribution, istiodTlsSecret, remoteClustersPath, podNamespace } = config;
  const secrets = { group: '', resource: 'secrets', namespace: podNamespace };
  const needed: NeededRight[] = [];
  if (rootDistribution !== undefined) {
    const maps = { group: '', resource: 'configmaps', name: rootDistribution.configMapName };
    needed.push(...rights(['list', 'watch', 'create', 'patch'], maps, 'roots for clients'));
    needed.push(...rights(['delete'], maps, 'roots for clients', 'warning'));
  }
  if (istiodTlsSecret !== undefined) {
    const secret = { ...secrets, name: istiodTlsSecret };
    needed.push(...rights(['get', 'create', 'patch'], secret, "istiod's certificate"));
    const services = { group: '', resource: 'services', namespace: podNamespace };
    needed.push(...rights(['list', 'watch'], services, 'the names of all istiods', 'warning'));
  }
  if (remoteClustersPath !== undefined) {
    needed.push(...rights(['list', 'watch'], secrets, 'remote clusters', 'warning'));
  }
  return needed;
}

function trustBundleRights({ config, signers }: RightsQuestion): readonly NeededRight[] {
  if (!config.clusterTrustBundles) return [];
  const purpose = 'ClusterTrustBundles';
  const bundles = { group: certificates, resource: 'clustertrustbundles' };
  const each = signers.flatMap((signer) => [
    ...rights(
      ['create', 'patch', 'delete'],
      { ...bundles, name: `${signer.replace('/', ':')}:istio-ra` },
      purpose,
    ),
    ...rights(['attest'], { group: certificates, resource: 'signers', name: signer }, purpose),
  ]);
  return [...rights(['list', 'watch'], bundles, purpose), ...each];
}

function leaderRights({ config }: RightsQuestion): readonly NeededRight[] {
  const { leaderElection, rootDistribution, clusterTrustBundles, istiodTlsSecret } = config;
  const writes = rootDistribution ?? istiodTlsSecret ?? (clusterTrustBundles || undefined);
  if (!leaderElection || writes === undefined) return [];
  const leases = {
    group: 'coordination.k8s.io',
    resource: 'leases',
    namespace: config.podNamespace,
  };
  const purpose = 'election of the replica that writes';
  return [
    ...rights(['create'], leases, purpose),
    ...rights(['get', 'update'], { ...leases, name: config.leaseName }, purpose),
  ];
}

const namespacedIssuer = /^issuers\.cert-manager\.io\/(?<namespace>[^.]+)\.(?<name>.+)$/;
const clusterIssuer = /^clusterissuers\.cert-manager\.io\/(?<name>.+)$/;

/** cert-manager lets only those requesters use a namespaced Issuer who hold `reference` on it. */
function issuerRights(signer: string): readonly NeededRight[] {
  const group = 'cert-manager.io';
  const explanation = 'why a signer is silent';
  const cluster = clusterIssuer.exec(signer)?.groups;
  if (cluster?.['name'] !== undefined) {
    const { name } = cluster;
    return rights(['get'], { group, resource: 'clusterissuers', name }, explanation, 'warning');
  }
  const { namespace, name } = namespacedIssuer.exec(signer)?.groups ?? {};
  if (namespace === undefined || name === undefined) return [];
  const place = { group, namespace, name };
  return [
    ...rights(['reference'], { ...place, resource: 'signers' }, 'cert-manager asks for it'),
    ...rights(['get'], { ...place, resource: 'issuers' }, explanation, 'warning'),
  ];
}

/** A right in kubectl's words. */
export function describeRight(question: AccessQuestion): string {
  const { verb, group, resource, subresource, name, namespace } = question;
  const type = subresource === undefined ? resource : `${resource}/${subresource}`;
  return [
    ...[verb, group === '' ? type : `${type}.${group}`],
    ...(name === undefined ? [] : [name]),
    ...(namespace === undefined ? [] : [`in ${namespace}`]),
  ].join(' ');
}
