import { describe, expect, it } from '@jest/globals';
import { aRequest, ApiWorld, bob, requestPem, requestsPath } from './api-world.ts';
import { textAt, valueAt } from '../../../src/sandbox/kube-object.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('creating a CertificateSigningRequest', () => {
  it('records who asks, whatever the body says', () => {
    const spec = { username: 'mallory', groups: ['system:masters'], uid: 'x' };
    const created = new ApiWorld().object('POST', requestsPath, aRequest('a', spec), { user: bob });
    expect(created['spec']).toMatchObject({
      username: 'bob',
      groups: ['system:authenticated'],
    });
  });

  it('drops a status that comes along', () => {
    const body = { ...aRequest('a'), status: { certificate: base64('x'), conditions: [] } };
    expect(new ApiWorld().object('POST', requestsPath, body)['status']).toEqual({});
  });

  it('makes a name from generateName', () => {
    const body = aRequest('', {}, { name: undefined, generateName: 'csr-workload-' });
    const { metadata } = new ApiWorld().object('POST', requestsPath, body);
    expect(metadata.name).toMatch(/^csr-workload-[a-z0-9]{5}$/);
  });

  it('gives the object an identity, a time and a version', () => {
    const { metadata } = new ApiWorld().object('POST', requestsPath, aRequest('a'));
    expect(metadata).toMatchObject({
      creationTimestamp: '2026-01-01T00:00:00Z',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: expect.stringMatching(/^\d+$/),
    });
  });

  it('passes over text around the block, as Go does', () => {
    const request = base64(`before\n${requestPem}after`);
    const created = new ApiWorld().object('POST', requestsPath, aRequest('a', { request }));
    expect(textAt(created, 'spec', 'request')).toBe(request);
  });

  it('refuses a taken name with 409', () => {
    const world = new ApiWorld();
    world.call('POST', requestsPath, aRequest('a'));
    expect(world.refusal('POST', requestsPath, aRequest('a'))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
    });
  });

  const changed = Buffer.from(requestPem.replace(/[^\n-]{20}(?=\n-----END)/, 'A'.repeat(20)));
  it.each([
    [{ expirationSeconds: 599 }, 'spec.expirationSeconds'],
    [{ signerName: 'foo' }, 'spec.signerName'],
    [{ signerName: 'kubernetes.io/legacy-unknown' }, 'spec.signerName'],
    [{ signerName: undefined }, 'spec.signerName'],
    [{ usages: [] }, 'spec.usages'],
    [{ usages: ['flying'] }, 'spec.usages[0]'],
    [{ usages: ['server auth', 'server auth'] }, 'spec.usages[1]'],
    [{ request: undefined }, 'spec.request'],
    [{ request: base64('hello') }, 'spec.request'],
    [{ request: base64(requestPem.replaceAll(' REQUEST', '')) }, 'spec.request'],
    [{ request: changed.toString('base64') }, 'spec.request'],
  ])('refuses %j with 422', (spec, field) => {
    const { code, reason, details } = new ApiWorld().refusal(
      'POST',
      requestsPath,
      aRequest('a', spec),
    );
    expect({ code, reason, fields: details?.causes?.map((cause) => cause.field) }).toEqual({
      code: 422,
      reason: 'Invalid',
      fields: [field],
    });
  });

  it.each([
    [{ expirationSeconds: '3600' }],
    [{ expirationSeconds: 1.5 }],
    [{ expirationSeconds: 3_000_000_000 }],
    [{ usages: 'server auth' }],
    [{ request: '!!' }],
    [{ request: 5 }],
  ])('refuses %j with 400', (spec) => {
    expect(new ApiWorld().refusal('POST', requestsPath, aRequest('a', spec)).code).toBe(400);
  });

  it('names every broken rule at once', () => {
    const { details } = new ApiWorld().refusal('POST', requestsPath, {});
    expect(details?.causes?.map(({ field }) => field)).toEqual([
      'metadata.name',
      'spec.request',
      'spec.usages',
      'spec.signerName',
    ]);
  });

  it('stores nothing in a dry run', () => {
    const world = new ApiWorld();
    world.call('POST', `${requestsPath}?dryRun=All`, aRequest('a'));
    expect(world.names(requestsPath)).toEqual([]);
  });

  it('keeps only the fields that the type has', () => {
    const created = new ApiWorld().object('POST', requestsPath, aRequest('a', { color: 'red' }));
    expect(valueAt(created, 'spec', 'color')).toBeUndefined();
  });
});
