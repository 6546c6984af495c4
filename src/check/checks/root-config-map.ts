import type { RaConfig } from '../../config/ra-config.ts';
import { namespacesWithoutRoots } from '../../distribution/tracked-namespaces.ts';
import type { Namespace } from '../../kube/objects.ts';
import type { MeshSnapshot } from '../../mesh/mesh-snapshot.ts';
import { parseCertificate } from '../../pki/certificate.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { parseCertificateBundle } from '../../pki/pem.ts';
import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';
import type { RootConfigMap } from '../read-root-config-map.ts';

/** Whether pods of every namespace of the mesh find the roots that verify us. */
export function rootConfigMap({ facts, config }: Pick<CheckContext, 'facts' | 'config'>): Check {
  return {
    id: 'root-config-map',
    severity: config.rootDistribution === undefined ? 'warning' : 'error',
    run: () => {
      const { snapshot } = known(facts.mesh);
      return judgeRootConfigMaps({
        namespaces: known(facts.namespaces).filter((each) => isSelected(each, snapshot)),
        maps: known(facts.rootConfigMaps),
        expected: known(facts.clientRoots),
        distribution: config.rootDistribution,
      });
    },
  };
}

function isSelected({ name, labels, phase }: Namespace, { config }: MeshSnapshot): boolean {
  const isOurs = phase !== 'Terminating' && !namespacesWithoutRoots.includes(name);
  return isOurs && config.discoverySelectors.matches(labels);
}

export interface RootConfigMapFacts {
  /** Those that roots belong in. */
  readonly namespaces: readonly Pick<Namespace, 'name'>[];
  readonly maps: readonly RootConfigMap[];
  /** The roots that clients need; empty where nothing tells. */
  readonly expected: readonly Certificate[];
  /** Undefined where somebody else distributes them. */
  readonly distribution: RaConfig['rootDistribution'];
}

export function judgeRootConfigMaps(facts: RootConfigMapFacts): CheckVerdict {
  const { namespaces, maps, expected, distribution } = facts;
  if (distribution !== undefined && expected.length === 0) {
    const fix = 'set PILOT_CERT_PROVIDER=k8s.io/<signer>, or name the roots with --caCertFile';
    return failed('DISTRIBUTE_ROOTS is on, and no setting says which roots verify us', fix);
  }
  const byNamespace = new Map(maps.map((map) => [map.namespace, map]));
  const isExact = distribution !== undefined;
  const wrong = namespaces.flatMap(({ name }) => {
    const problem = problemOf(byNamespace.get(name), expected, isExact);
    return problem === undefined ? [] : [`${name} ${problem}`];
  });
  if (wrong.length === 0) return ok(`${namespaces.length} namespaces have the roots for clients`);
  const fix = isExact
    ? 'see the log of the leader for why it cannot write them, or start istio-ra'
    : 'let istio-ra write them (DISTRIBUTE_ROOTS=true), or correct who does';
  return failed(`namespaces whose pods cannot verify us: ${listed(wrong)}`, fix);
}

function problemOf(
  map: RootConfigMap | undefined,
  expected: readonly Certificate[],
  isExact: boolean,
): string | undefined {
  if (map?.pem === undefined)
    return map === undefined ? 'has no ConfigMap' : 'has no root-cert.pem';
  const held = hashesOf(map.pem);
  if (held === undefined) return 'has a root-cert.pem that cannot be read';
  const missing = expected.filter(({ sha256 }) => !held.has(sha256)).length;
  if (missing > 0) return `lacks ${missing} of ${expected.length} roots`;
  return isExact && held.size > expected.length ? 'has roots that are not ours' : undefined;
}

function hashesOf(pem: string): ReadonlySet<string> | undefined {
  try {
    return new Set(parseCertificateBundle(pem).map((der) => parseCertificate(der).sha256));
  } catch {
    return undefined; // Whatever is wrong with it, no client can use it.
  }
}
