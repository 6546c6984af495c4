import { describe, expect, it } from '@jest/globals';
import { Authorizer } from '../../../src/sandbox/authorization.ts';
import type { PolicyRule, ResourceAttributes } from '../../../src/sandbox/authorization.ts';
import { registrationAuthorityRules } from '../../../src/sandbox/registration-authority-role.ts';
import { administrator, bob, refusalOf } from './api-world.ts';

function isAllowed(rules: readonly PolicyRule[], attributes: Partial<ResourceAttributes>): boolean {
  const authorizer = new Authorizer();
  authorizer.setRules('bob', rules);
  return authorizer.isAllowed(bob, { verb: 'get', group: '', resource: 'pods', ...attributes });
}

const readPods = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };

describe('Authorizer', () => {
  it.each<[string, PolicyRule, Partial<ResourceAttributes>, boolean]>([
    ['the verb, group and resource of a rule', readPods, {}, true],
    ['another verb', readPods, { verb: 'list' }, false],
    ['another group', readPods, { group: 'apps' }, false],
    ['a subresource', readPods, { subresource: 'status' }, false],
    [
      'a named subresource',
      { ...readPods, resources: ['pods/status'] },
      { subresource: 'status' },
      true,
    ],
    [
      'that subresource of all',
      { ...readPods, resources: ['*/status'] },
      { subresource: 'status' },
      true,
    ],
    ['anything under *', { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, {}, true],
    ['a named object', { ...readPods, resourceNames: ['a'] }, { name: 'a' }, true],
    ['another object', { ...readPods, resourceNames: ['a'] }, { name: 'b' }, false],
    ['a whole list under a rule for one name', { ...readPods, resourceNames: ['a'] }, {}, false],
    ['a namespace', { ...readPods, namespaces: ['foo'] }, { namespace: 'foo' }, true],
    ['another namespace', { ...readPods, namespaces: ['foo'] }, { namespace: 'bar' }, false],
  ])('decides about %s', (_, rule, attributes, allowed) => {
    expect(isAllowed([rule], attributes)).toBe(allowed);
  });

  it('lets administrators do everything', () => {
    const attributes = { verb: 'delete', group: '', resource: 'namespaces' };
    expect(new Authorizer().isAllowed(administrator, attributes)).toBe(true);
  });

  it('lets everybody with credentials ask what they may', () => {
    const group = 'authorization.k8s.io';
    expect(isAllowed([], { verb: 'create', group, resource: 'selfsubjectaccessreviews' })).toBe(
      true,
    );
  });

  it('refuses in the words of the API server', () => {
    const attributes = { verb: 'list', group: '', resource: 'pods', namespace: 'foo' };
    const { code, message } = refusalOf(() => {
      new Authorizer().check(bob, attributes);
    });
    expect([code, message]).toEqual([
      403,
      'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "foo"',
    ]);
  });

  it.each([
    ['/readyz', true],
    ['/version', true],
    ['/apis', false],
    ['/', false],
  ])('decides whether a stranger may read %s', (path, allowed) => {
    const stranger = { username: 'system:anonymous', groups: [], extra: {} };
    expect(new Authorizer().isPathAllowed(stranger, path)).toBe(allowed);
  });
});

describe('registrationAuthorityRules', () => {
  const rules = registrationAuthorityRules(['clusterissuers.cert-manager.io/foo']);
  const group = 'certificates.k8s.io';

  it.each([
    [{ verb: 'create', group, resource: 'certificatesigningrequests' }, true],
    [
      { verb: 'update', group, resource: 'certificatesigningrequests', subresource: 'approval' },
      true,
    ],
    [
      { verb: 'update', group, resource: 'certificatesigningrequests', subresource: 'status' },
      false,
    ],
    [
      { verb: 'approve', group, resource: 'signers', name: 'clusterissuers.cert-manager.io/foo' },
      true,
    ],
    [
      { verb: 'approve', group, resource: 'signers', name: 'clusterissuers.cert-manager.io/bar' },
      false,
    ],
    [{ verb: 'delete', resource: 'pods' }, false],
  ])('gives what the role gives: %j', (attributes, allowed) => {
    expect(isAllowed(rules, attributes)).toBe(allowed);
  });
});
