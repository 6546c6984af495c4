import { rightsOf, type Right } from '../stack/access.ts';
import { awaitUntil } from '../stack/await-until.ts';
import type { Manifest } from '../stack/kubectl.ts';
import { chartAccount, type ChartWorld } from './chart-world.ts';

/** Some verbs on one resource. */
export interface Rights {
  readonly resource: string;
  readonly verbs: readonly string[];
  /** Of the Role; where absent, the ClusterRole. */
  readonly namespace?: string;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Role extends Manifest {
  readonly rules: readonly Rule[];
}

/** Takes single rights away from the account of the chart, and gives them back. */
export class ChartRights {
  readonly #chart: ChartWorld;
  readonly #roles: readonly Role[];

  constructor(chart: ChartWorld) {
    this.#chart = chart;
    this.#roles = chart.objects.filter(
      (object): object is Role => object.kind === 'Role' || object.kind === 'ClusterRole',
    );
  }

  /** Everything that was rendered, a verb on a resource each. */
  all(): readonly string[] {
    const keys = this.#roles.flatMap((role) =>
      role.rules.flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) => keysOf(role, { resource, verbs })),
      ),
    );
    return [...new Set(keys)].sort();
  }

  /** The roles lack these until `giveBack`; returns once the API server acts on that. */
  async takeAway(taken: readonly Rights[]): Promise<void> {
    await this.#chart.kubectl.apply(this.#roles.map((role) => without(role, taken)));
    const gone = this.#asked(taken);
    await awaitUntil(async () => (await this.#held(gone)).length === 0, {
      what: 'the rights are gone',
      timeoutMs: 15_000,
    });
  }

  /** The roles are as they were rendered, but for `stillGone`. */
  async giveBack(given: readonly Rights[], stillGone: readonly Rights[] = []): Promise<void> {
    await this.#chart.kubectl.apply(this.#roles.map((role) => without(role, stillGone)));
    const back = this.#asked(given);
    await awaitUntil(async () => (await this.#held(back)).length === back.length, {
      what: 'the rights are back',
      timeoutMs: 15_000,
    });
  }

  #held(rights: readonly Right[]): Promise<Right[]> {
    return rightsOf(this.#chart.kubectl, chartAccount, rights);
  }

  /** One question for each verb, about the first name where there are names. */
  #asked(taken: readonly Rights[]): readonly Right[] {
    return this.#roles.flatMap((role) =>
      role.rules.flatMap((rule) =>
        taken.flatMap((rights) => {
          if (!isIn(role, rights) || !rule.resources.includes(rights.resource)) return [];
          const { namespace } = role.metadata;
          const [resource = '', subresource] = rights.resource.split('/');
          return rule.verbs
            .filter((verb) => rights.verbs.includes(verb))
            .map((verb) => ({
              ...{ verb, group: rule.apiGroups[0] ?? '', resource },
              ...(subresource === undefined ? {} : { subresource }),
              ...(namespace === undefined ? {} : { namespace }),
              ...(rule.resourceNames?.[0] === undefined ? {} : { name: rule.resourceNames[0] }),
            }));
        }),
      ),
    );
  }
}

/** `get istio-system: leases`, `create tokenreviews` and so on. */
export function keysOf(
  where: Pick<Manifest, 'metadata'> | { readonly namespace?: string },
  { resource, verbs }: Pick<Rights, 'resource' | 'verbs'>,
): readonly string[] {
  const namespace = 'metadata' in where ? where.metadata.namespace : where.namespace;
  const what = namespace === undefined ? resource : `${resource} in ${namespace}`;
  return verbs.map((verb) => `${verb} ${what}`);
}

function isIn(role: Role, { namespace }: Rights): boolean {
  return role.metadata.namespace === namespace;
}

function without(role: Role, taken: readonly Rights[]): Manifest {
  const { apiVersion, kind, metadata } = role;
  const here = taken.filter((rights) => isIn(role, rights));
  const rules = role.rules.flatMap((rule) =>
    rule.resources.flatMap((resource) => {
      const gone = here
        .filter((rights) => rights.resource === resource)
        .flatMap(({ verbs }) => verbs);
      const verbs = rule.verbs.filter((verb) => !gone.includes(verb));
      return verbs.length === 0 ? [] : [{ ...rule, resources: [resource], verbs }];
    }),
  );
  return { apiVersion, kind, metadata, rules };
}
