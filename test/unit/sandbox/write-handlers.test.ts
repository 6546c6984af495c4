import { describe, expect, it } from '@jest/globals';
import { valueAt } from '../../../src/sandbox/kube-object.ts';
import { aRequest, ApiWorld, requestsPath } from './api-world.ts';

const path = `${requestsPath}/a`;
const configMaps = '/api/v1/namespaces/foo/configmaps';
const leases = '/apis/coordination.k8s.io/v1/namespaces/foo/leases';
const proxyConfigs = '/apis/networking.istio.io/v1beta1/namespaces/foo/proxyconfigs';
const merge = { contentType: 'application/merge-patch+json' };
const apply = { contentType: 'application/apply-patch+yaml' };

function aWorld(): ApiWorld {
  const world = new ApiWorld();
  world.objects.createNamespace('foo');
  world.call('POST', requestsPath, aRequest('a'));
  return world;
}

describe('a deletion', () => {
  it('answers with what is gone', () => {
    const world = aWorld();
    const { uid } = world.object('GET', path).metadata;
    expect(world.value('DELETE', path)).toMatchObject({
      status: 'Success',
      details: { name: 'a', kind: 'certificatesigningrequests', uid },
    });
  });

  it.each([{ uid: 'x' }, { resourceVersion: '1' }])(
    'refuses the precondition %j with 409',
    (preconditions) => {
      const refusal = aWorld().refusal('DELETE', path, { preconditions });
      expect([refusal.code, refusal.reason]).toEqual([409, 'Conflict']);
    },
  );

  it('takes the right precondition', () => {
    const world = aWorld();
    const { uid, resourceVersion } = world.object('GET', path).metadata;
    world.call('DELETE', path, { preconditions: { uid, resourceVersion } });
    expect(world.refusal('DELETE', path).code).toBe(404);
  });

  it('waits for finalizers', () => {
    const world = aWorld();
    world.call('PATCH', path, { metadata: { finalizers: ['a.b/c'] } }, merge);
    const marked = world.object('DELETE', path);
    const there = world.names(requestsPath);
    world.call('PATCH', path, { metadata: { finalizers: null } }, merge);
    expect([marked.metadata['deletionTimestamp'], there, world.names(requestsPath)]).toEqual([
      '2026-01-01T00:00:00Z',
      ['a'],
      [],
    ]);
  });

  it('of a collection takes what is selected', () => {
    const world = aWorld();
    world.call('POST', requestsPath, aRequest('b', {}, { labels: { app: 'x' } }));
    world.call('DELETE', `${requestsPath}?labelSelector=app`);
    expect(world.names(requestsPath)).toEqual(['a']);
  });

  it('of a namespace takes all that is in it', () => {
    const world = aWorld();
    world.call('POST', configMaps, { metadata: { name: 'x' } });
    world.call('DELETE', '/api/v1/namespaces/foo');
    expect(world.objects.list('configmaps')).toEqual([]);
  });
});

describe('an update', () => {
  it('of an object that is not there is refused', () => {
    expect(aWorld().refusal('PUT', `${requestsPath}/b`, aRequest('b')).code).toBe(404);
  });

  it('under another name is refused', () => {
    expect(aWorld().refusal('PUT', path, aRequest('b')).code).toBe(400);
  });

  it.each([[{ uid: 'x' }], [{ resourceVersion: '1' }]])('meant for %j is refused', (metadata) => {
    const refusal = aWorld().refusal('PUT', path, aRequest('a', {}, metadata));
    expect([refusal.code, refusal.reason]).toEqual([409, 'Conflict']);
  });

  it('of a Lease must name its version', () => {
    const world = aWorld();
    const lease = { metadata: { name: 'x' }, spec: { holderIdentity: 'a' } };
    const created = world.object('POST', leases, lease);
    const refusal = world.refusal('PUT', `${leases}/x`, lease);
    const spec = { holderIdentity: 'b' };
    const updated = world.object('PUT', `${leases}/x`, { ...created, spec });
    expect([refusal.code, updated['spec']]).toEqual([422, spec]);
  });

  it('counts a generation for custom resources', () => {
    const world = aWorld();
    const kind = { apiVersion: 'networking.istio.io/v1beta1', kind: 'ProxyConfig' };
    const body = { ...kind, metadata: { name: 'x' }, spec: {} };
    const created = world.object('POST', proxyConfigs, body);
    const spec = { environmentVariables: { A: 'b' } };
    const updated = world.object('PUT', `${proxyConfigs}/x`, { ...created, spec });
    expect([created.metadata['generation'], updated.metadata['generation']]).toEqual([1, 2]);
  });

  it.each([
    ['a kind', { kind: 'ConfigMap' }],
    ['a version', { apiVersion: 'certificates.k8s.io/v1beta1' }],
  ])('of %s that is not the path’s is refused', (_, changed) => {
    expect(aWorld().refusal('PUT', path, { ...aRequest('a'), ...changed }).code).toBe(400);
  });
});

describe('a patch', () => {
  it('changes what it names', () => {
    const patched = aWorld().object('PATCH', path, { metadata: { labels: { a: 'b' } } }, merge);
    expect(patched.metadata.labels).toEqual({ a: 'b' });
  });

  it('may state the version that it is for', () => {
    const metadata = { resourceVersion: '1', labels: { a: 'b' } };
    expect(aWorld().refusal('PATCH', path, { metadata }, merge).code).toBe(409);
  });

  it('cannot take an identity away', () => {
    const world = aWorld();
    const { uid } = world.object('GET', path).metadata;
    const patched = world.object('PATCH', path, { metadata: { uid: null } }, merge);
    expect(patched.metadata.uid).toBe(uid);
  });

  it('by server-side apply creates what is not there', () => {
    const world = aWorld();
    const body = { kind: 'ConfigMap', apiVersion: 'v1', data: { a: 'b' } };
    const applied = world.object('PATCH', `${configMaps}/x?fieldManager=me`, body, apply);
    expect(applied).toMatchObject({ metadata: { name: 'x' }, data: { a: 'b' } });
  });

  it('by server-side apply needs a manager', () => {
    expect(aWorld().refusal('PATCH', `${configMaps}/x`, {}, apply).code).toBe(422);
  });
});

describe('a creation', () => {
  it.each([
    ['in a namespace that is not there', '/api/v1/namespaces/none/configmaps', 404],
    ['in no namespace', '/api/v1/configmaps', 405],
    ['under a path with a name', `${configMaps}/x`, 405],
  ])('%s is refused', (_, place, code) => {
    expect(aWorld().refusal('POST', place, { metadata: { name: 'x' } }).code).toBe(code);
  });

  it.each([
    ['a name in capitals', { name: 'X' }, 422],
    ['no name', {}, 422],
    ['another namespace', { name: 'x', namespace: 'bar' }, 400],
    ['a label that is no word', { name: 'x', labels: { a: 'b c' } }, 422],
    ['a label that is no text', { name: 'x', labels: { a: 5 } }, 400],
  ])('with %s is refused', (_, metadata, code) => {
    expect(aWorld().refusal('POST', configMaps, { metadata }).code).toBe(code);
  });

  it('of a namespace brings its default account', () => {
    const world = aWorld();
    world.call('POST', '/api/v1/namespaces', { metadata: { name: 'bar' } });
    expect(world.store.get('serviceaccounts', 'bar', 'default')).toBeDefined();
  });

  it('encodes the texts of a Secret', () => {
    const body = { metadata: { name: 'x' }, stringData: { a: 'b' } };
    const created = aWorld().object('POST', '/api/v1/namespaces/foo/secrets', body);
    expect([created['type'], valueAt(created, 'data', 'a'), created['stringData']]).toEqual([
      'Opaque',
      Buffer.from('b').toString('base64'),
      undefined,
    ]);
  });
});
