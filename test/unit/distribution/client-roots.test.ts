import { beforeAll, describe, expect, it } from '@jest/globals';
import { clientRootsPem } from '../../../src/distribution/client-roots.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import { parseCertificateBundle } from '../../../src/pki/pem.ts';
import { TestAuthority } from '../../support/test-authority.ts';

let ours: Certificate;
let next: Certificate;
let istiods: Certificate;

beforeAll(async () => {
  const made = ['ours', 'next', 'istiod'].map(async (name) => {
    const { certificatePem } = await TestAuthority.make(name, Date.UTC(2026, 0, 1));
    return parseCertificateBundle(certificatePem).map((der) => parseCertificate(der));
  });
  const roots = (await Promise.all(made)).flat();
  if (roots.length !== 3) throw new Error('three roots are needed');
  [ours, next, istiods] = roots as [Certificate, Certificate, Certificate];
});

function hashesOf(pem: string | undefined): readonly string[] {
  return parseCertificateBundle(pem ?? '').map((der) => parseCertificate(der).sha256);
}

describe('the roots for clients', () => {
  it('verify both istiod and us', () => {
    const pem = clientRootsPem({ servingSignerRoots: [ours], furtherRoots: [istiods] });
    expect(hashesOf(pem)).toEqual([ours.sha256, istiods.sha256]);
  });

  it('are there once each', () => {
    const pem = clientRootsPem({ servingSignerRoots: [ours, ours], furtherRoots: [ours, istiods] });
    expect(hashesOf(pem)).toEqual([ours.sha256, istiods.sha256]);
  });

  it('have one order, whatever order they are given in', () => {
    const furtherRoots = [istiods];
    expect(clientRootsPem({ servingSignerRoots: [ours, next], furtherRoots })).toBe(
      clientRootsPem({ servingSignerRoots: [next, ours], furtherRoots }),
    );
  });

  it('are none where none is known', () => {
    expect(clientRootsPem({ servingSignerRoots: [], furtherRoots: [] })).toBeUndefined();
  });
});
