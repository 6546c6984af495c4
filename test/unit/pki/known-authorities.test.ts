import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import { CertificateError } from '../../../src/pki/errors.ts';
import { KnownAuthorities } from '../../../src/pki/known-authorities.ts';
import { parseCertificateBundle } from '../../../src/pki/pem.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestAuthority } from '../../support/test-authority.ts';

let der: Uint8Array;

beforeAll(async () => {
  const { certificatePem } = await TestAuthority.make('foo root', new FakeClock().now());
  const [first = new Uint8Array()] = parseCertificateBundle(certificatePem);
  der = first;
});

describe('KnownAuthorities', () => {
  it('takes an authority apart once, and then knows it by its bytes', () => {
    const authorities = new KnownAuthorities();
    authorities.keep([authorities.parse(der)]);
    expect(authorities.parse(Uint8Array.from(der))).toBe(authorities.parse(der));
  });

  it('keeps nothing that stood above no leaf', () => {
    const authorities = new KnownAuthorities();
    expect(authorities.parse(der)).not.toBe(authorities.parse(der));
  });

  it('forgets the one used longest ago beyond 256', () => {
    const authorities = new KnownAuthorities();
    const kept = parseCertificate(der);
    authorities.keep([kept]);
    const others = Array.from({ length: 256 }, (_, at) => ({ ...kept, sha256: `other ${at}` }));
    authorities.keep(others.slice(1));
    expect(authorities.parse(der)).toBe(kept);
    authorities.keep(others.slice(0, 1));
    expect(authorities.parse(der)).not.toBe(kept);
  });

  it('refuses what is no certificate', () => {
    const authorities = new KnownAuthorities();
    expect(() => authorities.parse(der.subarray(1))).toThrow(CertificateError);
  });
});
