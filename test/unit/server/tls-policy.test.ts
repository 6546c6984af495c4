import { describe, expect, it } from '@jest/globals';
import { openSslCiphers } from '../../../src/server/tls-policy.ts';

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
