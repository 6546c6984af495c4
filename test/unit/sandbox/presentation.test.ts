import { describe, expect, it } from '@jest/globals';
import { listAt, objectAt, textAt, valueAt } from '../../../src/sandbox/kube-object.ts';
import type { KubeObject } from '../../../src/sandbox/kube-object.ts';
import { negotiate, presentList, presentObject } from '../../../src/sandbox/presentation.ts';
import type { ObjectContext, Presentation } from '../../../src/sandbox/presentation.ts';
import { findResource, signingRequests } from '../../../src/sandbox/resource-registry.ts';
import type { ResourceDefinition } from '../../../src/sandbox/resource-registry.ts';
import { aRequest, ApiWorld, refusalOf, requestsPath, withConditions } from './api-world.ts';

const table: Presentation = { form: 'table', mediaType: 'application/json' };
const whole: Presentation = { form: 'whole', mediaType: 'application/json' };

function contextOf(definition: ResourceDefinition, now: number, version = 'v1'): ObjectContext {
  return { definition, version, includeObject: 'Metadata', now };
}

describe('negotiate', () => {
  const asTable = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  it.each([
    [undefined, 'whole', 'application/json'],
    ['*/*', 'whole', 'application/json'],
    ['application/vnd.kubernetes.protobuf, application/json', 'whole', 'application/json'],
    [`${asTable},application/json`, 'table', 'application/json'],
    [
      'application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      'whole',
      'application/json',
    ],
    [
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
      'whole',
      'application/json',
    ],
    [
      'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
      'metadata',
      'application/json',
    ],
    ['application/yaml', 'whole', 'application/yaml'],
  ])('gives %j the form %s of %s', (accept, form, mediaType) => {
    expect(negotiate(accept)).toEqual({ form, mediaType });
  });

  it('cannot give everything: 406', () => {
    expect(refusalOf(() => negotiate('application/vnd.kubernetes.protobuf')).code).toBe(406);
  });
});

describe('a table of CertificateSigningRequests', () => {
  function rowOf(object: object, afterSeconds: number, created: KubeObject): unknown {
    const context = contextOf(
      signingRequests,
      Date.parse(created.metadata.creationTimestamp) + afterSeconds * 1000,
    );
    return listAt(listAt(presentObject({ ...object }, table, context), 'rows')[0], 'cells');
  }

  it.each([
    [0, '0s'],
    [119, '119s'],
    [125, '2m5s'],
    [3600, '60m'],
    [4 * 3600 + 60, '4h1m'],
    [30 * 3600, '30h'],
    [3 * 86_400 + 3600, '3d1h'],
    [30 * 86_400, '30d'],
    [3 * 365 * 86_400, '3y'],
    [10 * 365 * 86_400, '10y'],
  ])('tells an age of %d seconds as %s', (seconds, age) => {
    const created = new ApiWorld().object('POST', requestsPath, aRequest('a'));
    expect(rowOf(created, seconds, created)).toEqual([
      'a',
      age,
      'clusterissuers.cert-manager.io/foo',
      'kubernetes-admin',
      '60m',
      'Pending',
    ]);
  });

  it.each([
    [['Approved'], '', 'Approved'],
    [['Denied'], '', 'Denied'],
    [['Approved', 'Failed'], '', 'Approved,Failed'],
    [['Approved'], 'x', 'Approved,Issued'],
  ])('tells %j with certificate %j as %s', (types, certificate, condition) => {
    const created = new ApiWorld().object('POST', requestsPath, aRequest('a'));
    const conditioned = withConditions(created, ...types);
    const status = { ...objectAt(conditioned, 'status'), certificate };
    expect(rowOf({ ...conditioned, status }, 0, created)).toContain(condition);
  });
});

describe('presentList', () => {
  function listOf(plural: string, group: string, version: string): unknown {
    const world = new ApiWorld();
    world.objects.createNamespace('foo');
    const body = { metadata: { name: 'a', namespace: 'foo' } };
    const items = [world.objects.create(plural, 'foo', body)];
    const definition = findResource(group, plural);
    if (definition === undefined) throw new Error('no definition');
    return presentList({ items, metadata: {} }, whole, contextOf(definition, 0, version));
  }

  it('leaves the kind of built-in types to the list', () => {
    const list = listOf('configmaps', '', 'v1');
    expect([textAt(list, 'kind'), valueAt(listAt(list, 'items')[0], 'kind')]).toEqual([
      'ConfigMapList',
      undefined,
    ]);
  });

  it.each(['v1beta1', 'v1'])('shows custom resources in the version asked for: %s', (version) => {
    const list = listOf('proxyconfigs', 'networking.istio.io', version);
    const apiVersion = `networking.istio.io/${version}`;
    expect([textAt(list, 'apiVersion'), textAt(listAt(list, 'items')[0], 'apiVersion')]).toEqual([
      apiVersion,
      apiVersion,
    ]);
  });
});
