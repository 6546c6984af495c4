import type { Rendered } from './chart.ts';

/** One rule of a role. */
export interface Rule {
  /** Of the role; undefined: the whole cluster. */
  readonly namespace: string | undefined;
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** All that the rendered roles allow. */
export function rulesIn(objects: readonly Rendered[]): readonly Rule[] {
  return objects
    .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
    .flatMap(({ rules, metadata }) =>
      (rules as readonly Rule[]).map((rule) => ({ ...rule, namespace: metadata.namespace })),
    );
}

/** `group/resource verb,verb` with the namespace before it and the names after it. */
export function describeRule(rule: Rule): string {
  const where = rule.namespace === undefined ? '' : `${rule.namespace}: `;
  const what = rule.apiGroups
    .flatMap((group) => rule.resources.map((resource) => (group ? `${group}/` : '') + resource))
    .join('+');
  const names = rule.resourceNames === undefined ? '' : ` [${rule.resourceNames.join(' ')}]`;
  return `${where}${what} ${rule.verbs.join(',')}${names}`;
}

export function describedRules(objects: readonly Rendered[]): readonly string[] {
  return rulesIn(objects).map(describeRule);
}
