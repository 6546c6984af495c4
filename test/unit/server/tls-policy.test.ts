import { describe, expect, it } from '@jest/globals';
import { openSslCiphers, requireGroups, tlsParameters } from '../../../src/server/tls-policy.ts';

const tls13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

describe('openSslCiphers', () => {
  it('holds only authenticated encryption with forward secrecy by default', () => {
    const names = openSslCiphers({}).split(':');

    expect(names).toHaveLength(9);
    expect(names.every((name) => /^(?:TLS|ECDHE)[_-].*(?:GCM|CHACHA20)/.test(name))).toBe(true);
  });

  it('keeps TLS 1.3 when the list names only suites of TLS 1.2', () => {
    const cipherSuites = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'];

    expect(openSslCiphers({ cipherSuites })).toBe(`${tls13}:ECDHE-RSA-AES128-GCM-SHA256`);
  });

  it.each(['TLS_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', '', 'constructor'])(
    'refuses the suite %j',
    (name) => {
      expect(() => openSslCiphers({ cipherSuites: [name] })).toThrow('is not one of');
    },
  );
});

describe('tlsParameters', () => {
  it('are TLS 1.2 and 1.3 with the groups of OpenSSL by default', () => {
    const { minVersion, maxVersion, ecdhCurve } = tlsParameters({});

    expect([minVersion, maxVersion, ecdhCurve]).toEqual(['TLSv1.2', 'TLSv1.3', undefined]);
  });

  it('of fips-140-2 are TLS 1.2 with AES-GCM and P-256', () => {
    expect(tlsParameters({ compliance: 'fips-140-2' })).toEqual({
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers:
        'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:' +
        'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
      ecdhCurve: 'P-256',
    });
  });

  it('of fips-140-3 leave out ChaCha20 and X25519', () => {
    const { ciphers, ecdhCurve, maxVersion } = tlsParameters({ compliance: 'fips-140-3' });

    expect(ciphers).not.toContain('CHACHA20');
    expect([maxVersion, ecdhCurve]).toEqual(['TLSv1.3', 'P-256:P-384']);
  });

  it('of pqc are TLS 1.3 with AES-GCM and the one hybrid group, whatever the minimum', () => {
    expect(tlsParameters({ compliance: 'pqc', minVersion: 'TLSv1.2' })).toEqual({
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384',
      ecdhCurve: 'X25519MLKEM768',
    });
  });

  it('narrow a compliance policy further by a list of suites', () => {
    const cipherSuites = ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'];

    expect(tlsParameters({ compliance: 'fips-140-2', cipherSuites }).ciphers).toBe(
      'ECDHE-RSA-AES256-GCM-SHA384',
    );
  });

  it.each([
    ['fips-140-2', 'TLS_AES_128_GCM_SHA256'],
    ['fips-140-3', 'TLS_CHACHA20_POLY1305_SHA256'],
    ['fips-140-3', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
    ['pqc', 'TLS_CHACHA20_POLY1305_SHA256'],
  ] as const)('of %s refuse the suite %s', (compliance, suite) => {
    expect(() => tlsParameters({ compliance, cipherSuites: [suite] })).toThrow('is not one of');
  });

  it('refuse a minimum of TLS 1.3 under a policy of TLS 1.2', () => {
    expect(() => tlsParameters({ compliance: 'fips-140-2', minVersion: 'TLSv1.3' })).toThrow(
      'COMPLIANCE_POLICY=fips-140-2 is TLS 1.2 alone',
    );
  });
});

describe('requireGroups', () => {
  it('says what to do where the group is not to be had', () => {
    expect(() => {
      requireGroups('NOSUCHKEM');
    }).toThrow(/^Node .* has no key exchange by NOSUCHKEM.*run it with Node 24 or newer/);
  });
});
