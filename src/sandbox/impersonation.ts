import type { Authorizer } from './authorization.ts';
import type { UserInfo } from './user-info.ts';

/** The headers of a request. */
export interface HeaderSource {
  header(name: string): string | undefined;
}

/**
 * The user that a caller wants to be taken for (`kubectl --as`), or the caller. Throws a StatusError
 * (403) when the caller may not be taken for that user.
 */
export function impersonatedBy(
  caller: UserInfo,
  headers: HeaderSource,
  authorizer: Authorizer,
): UserInfo {
  const username = headers.header('impersonate-user');
  if (username === undefined) return caller;
  authorizer.check(caller, { verb: 'impersonate', group: '', resource: 'users', name: username });
  const groups = (headers.header('impersonate-group') ?? '').split(', ').filter(Boolean);
  for (const name of groups) {
    authorizer.check(caller, { verb: 'impersonate', group: '', resource: 'groups', name });
  }
  return {
    username,
    groups: [...(groups.length > 0 ? groups : groupsOf(username)), 'system:authenticated'],
    extra: {},
  };
}

function groupsOf(username: string): readonly string[] {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(username) ?? [];
  if (namespace === undefined) return [];
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}
