import { administratorsGroup } from './user-info.ts';
import type { UserInfo } from './user-info.ts';
import { forbidden, StatusError } from './status-error.ts';

/** One rule of a role, as in RBAC; `*` in a list stands for everything. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  /** Plural names, with a subresource as `pods/status`. */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Any name where absent. */
  readonly resourceNames?: readonly string[];
  /** Everywhere where absent: the rule of a ClusterRole. */
  readonly namespaces?: readonly string[];
}

/** One question to the authorizer. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** What everybody with credentials may do. */
const commonRules: readonly PolicyRule[] = [
  {
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    verbs: ['create'],
  },
  {
    apiGroups: ['authentication.k8s.io'],
    resources: ['selfsubjectreviews'],
    verbs: ['create'],
  },
];

const pathsForAll = /^\/(?:healthz|livez|readyz|version\/?)$/;
const pathsForUsers = /^\/(?:api|apis|openapi|\.well-known)(?:\/|$)/;

/** Who may do what: rules by user name, changeable while the API serves. */
export class Authorizer {
  readonly #rules = new Map<string, readonly PolicyRule[]>();

  setRules(username: string, rules: readonly PolicyRule[]): void {
    this.#rules.set(username, rules);
  }

  rulesOf(user: UserInfo): readonly PolicyRule[] {
    if (isAdministrator(user)) {
      return [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    }
    const common = isAuthenticated(user) ? commonRules : [];
    return [...common, ...(this.#rules.get(user.username) ?? [])];
  }

  isAllowed(user: UserInfo, attributes: ResourceAttributes): boolean {
    return this.rulesOf(user).some((rule) => permits(rule, attributes));
  }

  isPathAllowed(user: UserInfo, path: string): boolean {
    if (isAdministrator(user) || pathsForAll.test(path)) return true;
    return isAuthenticated(user) && pathsForUsers.test(path);
  }

  /** Throws a StatusError (403) in the API server's words unless the user may. */
  check(user: UserInfo, attributes: ResourceAttributes): void {
    if (this.isAllowed(user, attributes)) return;
    const { verb, group, name = '' } = attributes;
    const why = `User "${user.username}" cannot ${verb} resource "${fullName(attributes)}" in API group "${group}" ${scopeOf(attributes)}`;
    throw forbidden({ group, plural: attributes.resource }, name, why);
  }

  /** The same for what is no resource. */
  checkPath(user: UserInfo, verb: string, path: string): void {
    if (this.isPathAllowed(user, path)) return;
    const why = `forbidden: User "${user.username}" cannot ${verb} path "${path}"`;
    throw new StatusError(403, 'Forbidden', why, {});
  }
}

function isAdministrator({ groups }: UserInfo): boolean {
  return groups.includes(administratorsGroup);
}

function isAuthenticated({ groups }: UserInfo): boolean {
  return groups.includes('system:authenticated');
}

function fullName({ resource, subresource }: ResourceAttributes): string {
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}

function scopeOf({ namespace }: ResourceAttributes): string {
  return namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
}

function permits(rule: PolicyRule, attributes: ResourceAttributes): boolean {
  const { verb, group, subresource, namespace, name } = attributes;
  const anySuch = subresource === undefined ? [] : [`*/${subresource}`];
  return (
    includes(rule.verbs, verb) &&
    includes(rule.apiGroups, group) &&
    [fullName(attributes), ...anySuch].some((resource) => includes(rule.resources, resource)) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(name ?? '')) &&
    (rule.namespaces === undefined || rule.namespaces.includes(namespace ?? ''))
  );
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}
