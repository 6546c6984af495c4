import { describe, expect, it } from '@jest/globals';
import { valueAt } from '../../../src/sandbox/kube-object.ts';
import type { KubeObject } from '../../../src/sandbox/kube-object.ts';
import { aRequest, ApiWorld, bob, requestPem, requestsPath, withConditions } from './api-world.ts';
import { certificatePem } from './stored-certificate.ts';

const path = `${requestsPath}/a`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function worldWithRequest(): { world: ApiWorld; created: KubeObject } {
  const world = new ApiWorld();
  return { world, created: world.object('POST', requestsPath, aRequest('a')) };
}

function worldWithApproved(): { world: ApiWorld; approved: KubeObject } {
  const { world, created } = worldWithRequest();
  return {
    world,
    approved: world.object('PUT', `${path}/approval`, withConditions(created, 'Approved')),
  };
}

function withCertificate(object: KubeObject, pem: string): object {
  const status = { ...(object['status'] as object), certificate: base64(pem) };
  return { ...object, status };
}

describe('/approval', () => {
  it('adds a condition with its times', () => {
    const { approved } = worldWithApproved();
    expect(valueAt(approved, 'status', 'conditions')).toEqual([
      {
        type: 'Approved',
        status: 'True',
        reason: 'r',
        message: 'm',
        lastUpdateTime: '2026-01-01T00:00:00Z',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
  });

  it('passes over changes of the spec and of the certificate', () => {
    const { world, created } = worldWithRequest();
    const wanted = { ...withCertificate(created, certificatePem), spec: { signerName: 'x.y/z' } };
    const answered = world.object('PUT', `${path}/approval`, wanted);
    expect([answered['spec'], answered['status']]).toEqual([created['spec'], {}]);
  });

  it('refuses an older version with 409', () => {
    const { world, created } = worldWithRequest();
    world.call('PUT', `${path}/approval`, withConditions(created, 'Approved'));
    const again = world.refusal('PUT', `${path}/approval`, withConditions(created, 'Approved'));
    expect([again.code, again.reason]).toEqual([409, 'Conflict']);
  });

  it('leaves the version as it is when nothing changes', () => {
    const { world, approved } = worldWithApproved();
    const again = world.object('PUT', `${path}/approval`, approved);
    expect(again.metadata.resourceVersion).toBe(approved.metadata.resourceVersion);
  });

  it.each([
    ['both verdicts', ['Approved', 'Denied']],
    ['a condition twice', ['Approved', 'Approved']],
    ['a condition without a type', ['']],
  ])('refuses %s', (_, types) => {
    const { world, created } = worldWithRequest();
    const body = withConditions(created, ...types);
    expect(world.refusal('PUT', `${path}/approval`, body).code).toBe(422);
  });

  it('refuses to take an approval back', () => {
    const { world, approved } = worldWithApproved();
    const { code, message } = world.refusal('PUT', `${path}/approval`, withConditions(approved));
    expect([code, message]).toEqual([
      422,
      expect.stringContaining('updates may not remove a condition of type "Approved"'),
    ]);
  });

  it('refuses an Approved that is not True', () => {
    const { world, created } = worldWithRequest();
    const conditions = [{ type: 'Approved', status: 'False' }];
    const body = { ...created, status: { conditions } };
    expect(world.refusal('PUT', `${path}/approval`, body).code).toBe(422);
  });

  it('needs the right to approve for that very signer', () => {
    const { world, created } = worldWithRequest();
    const attempt = (): number =>
      world.refusal('PUT', `${path}/approval`, withConditions(created, 'Approved'), { user: bob })
        .code;
    expect(attempt()).toBe(403);
  });

  it.each(['clusterissuers.cert-manager.io/foo', 'clusterissuers.cert-manager.io/*'])(
    'takes the right to approve for %s',
    (signer) => {
      const { world, created } = worldWithRequest();
      world.authorizer.setRules('bob', [
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['signers'],
          verbs: ['approve'],
          resourceNames: [signer],
        },
      ]);
      const body = withConditions(created, 'Approved');
      const approved = world.object('PUT', `${path}/approval`, body, { user: bob });
      expect(valueAt(approved, 'status', 'conditions')).toHaveLength(1);
    },
  );
});

describe('/status', () => {
  it('takes a certificate', () => {
    const { world, approved } = worldWithApproved();
    const issued = world.object('PUT', `${path}/status`, withCertificate(approved, certificatePem));
    expect(valueAt(issued, 'status', 'certificate')).toBe(base64(certificatePem));
  });

  it('refuses another certificate than the one that is there', () => {
    const { world, approved } = worldWithApproved();
    const issued = world.object('PUT', `${path}/status`, withCertificate(approved, certificatePem));
    const other = withCertificate(issued, `${certificatePem}\n`);
    expect(world.refusal('PUT', `${path}/status`, other).code).toBe(422);
  });

  it.each([
    ['no PEM', 'hello'],
    ['a request', requestPem],
    ['no certificate', certificatePem.replace('MII', 'AAA')],
  ])('refuses a certificate that is %s', (_, pem) => {
    const { world, approved } = worldWithApproved();
    expect(world.refusal('PUT', `${path}/status`, withCertificate(approved, pem)).code).toBe(422);
  });

  it('refuses an approval', () => {
    const { world, created } = worldWithRequest();
    const body = withConditions(created, 'Approved');
    expect(world.refusal('PUT', `${path}/status`, body).code).toBe(422);
  });

  it('keeps an approval as it was', () => {
    const { world, approved } = worldWithApproved();
    const conditions = [{ type: 'Approved', status: 'True', reason: 'other' }];
    const answered = world.object('PUT', `${path}/status`, { ...approved, status: { conditions } });
    expect(answered['status']).toEqual(approved['status']);
  });

  it('needs the right to sign', () => {
    const { world, created } = worldWithRequest();
    const body = withConditions(created, 'Failed');
    expect(world.refusal('PUT', `${path}/status`, body, { user: bob }).code).toBe(403);
  });
});

describe('the request itself', () => {
  it('changes in its metadata alone', () => {
    const { world, created } = worldWithRequest();
    const wanted = { ...withConditions(created, 'Approved'), spec: { signerName: 'x.y/z' } };
    const answered = world.object('PUT', path, {
      ...wanted,
      metadata: { ...created.metadata, labels: { app: 'x' } },
    });
    expect([answered['spec'], answered['status'], answered.metadata.labels]).toEqual([
      created['spec'],
      {},
      { app: 'x' },
    ]);
  });
});
