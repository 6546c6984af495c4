import { sign } from 'node:crypto';
import type { HostileEntry } from './csr-corpus-entry.ts';
import { hostile } from './csr-corpus-entry.ts';
import * as der from './der-writer.ts';
import * as csr from './csr-writer.ts';
import { storedKey } from './csr-writer.ts';

/** Rows 7 to 14 and 24. */
export function hostileSignatures(): HostileEntry[] {
  const rsa2048 = storedKey('rsa-2048');
  const p256 = storedKey('ec-p256');
  const flip = (signed: Uint8Array): Buffer => {
    const bytes = Buffer.from(signed);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    return bytes;
  };
  const order = BigInt(`0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551`);
  const ecdsa = (row: number, name: string, signature: Buffer): HostileEntry =>
    hostile(row, 'signature_encoding', name, { signature: () => signature });
  const pair = (r: bigint, s: bigint): Buffer => der.sequence(der.integer(r), der.integer(s));
  const named = (type: string, ...parameters: readonly Uint8Array[]): csr.CsrParts => ({
    signatureAlgorithm: csr.algorithm(type, ...parameters),
  });
  const rsaWith = (type: string, ...parameters: readonly Uint8Array[]): csr.CsrParts => ({
    ...{ key: rsa2048, ...named(type, ...parameters) },
  });
  return [
    hostile(7, 'signature_invalid', 'a signature over other bytes', {
      signature: (signed) => sign('sha256', flip(signed), p256),
    }),
    hostile(7, 'signature_invalid', 'an RSA signature with one bit flipped', {
      ...{ key: rsa2048, signature: (signed) => flip(sign('sha256', signed, rsa2048)) },
    }),
    hostile(8, 'signature_invalid', 'a signature by another P-256 key', {
      signature: (signed) => sign('sha256', signed, storedKey('ec-p256-other')),
    }),
    hostile(8, 'signature_invalid', 'a signature by another RSA key', {
      ...{ key: rsa2048, signature: (s) => sign('sha256', s, storedKey('rsa-2048-other')) },
    }),
    hostile(8, 'signature_invalid', 'a signature with another hash than named', {
      ...{ key: rsa2048, hash: 'sha512' },
    }),
    hostile(7, 'signature_encoding', 'an RSA signature that is one byte short', {
      ...{ key: rsa2048, signature: (s) => sign('sha256', s, rsa2048).subarray(1) },
    }),
    hostile(7, 'signature_encoding', 'an RSA signature with a leading zero byte', {
      key: rsa2048,
      signature: (s) => Buffer.concat([Buffer.alloc(1), sign('sha256', s, rsa2048)]),
    }),
    hostile(9, 'signature_algorithm', 'an RSA algorithm for an EC key', named(csr.sha256WithRsa)),
    hostile(
      9,
      'signature_algorithm',
      'an ECDSA algorithm for an RSA key',
      rsaWith(csr.ecdsaWithSha256),
    ),
    hostile(10, 'signature_algorithm', 'ECDSA with NULL parameters', {
      ...named(csr.ecdsaWithSha256, der.nullValue()),
    }),
    hostile(10, 'signature_algorithm', 'RSA with an INTEGER for parameters', {
      ...rsaWith(csr.sha256WithRsa, der.integer(1)),
    }),
    hostile(10, 'der_value', 'RSA with two parameters', {
      ...rsaWith(csr.sha256WithRsa, der.nullValue(), der.nullValue()),
    }),
    hostile(11, 'weak_hash', 'MD5', rsaWith('1.2.840.113549.1.1.4', der.nullValue())),
    hostile(11, 'weak_hash', 'MD2', rsaWith('1.2.840.113549.1.1.2', der.nullValue())),
    hostile(12, 'weak_hash', 'SHA-1 with RSA', {
      ...rsaWith('1.2.840.113549.1.1.5', der.nullValue()),
      hash: 'sha1',
    }),
    hostile(12, 'weak_hash', 'SHA-1 with ECDSA', { ...named('1.2.840.10045.4.1'), hash: 'sha1' }),
    hostile(13, 'signature_algorithm', 'an RSA-PSS signature', {
      ...rsaWith('1.2.840.113549.1.1.10', der.sequence()),
    }),
    hostile(14, 'signature_algorithm', 'SHA-224 with RSA', {
      ...rsaWith('1.2.840.113549.1.1.14', der.nullValue()),
    }),
    ecdsa(24, 'r = 0', pair(0n, 1n)),
    ecdsa(24, 's = 0', pair(1n, 0n)),
    ecdsa(24, 'r = n', pair(order, 1n)),
    ecdsa(24, 's = n', pair(1n, order)),
    ecdsa(24, 'r of 40 bytes', pair(1n << 319n, 1n)),
    ecdsa(24, 'a negative r', der.sequence(der.element(2, Buffer.from([0x81])), der.integer(1))),
    ecdsa(24, 'a padded r', der.sequence(der.element(2, Buffer.from([0, 1])), der.integer(1))),
    ecdsa(24, 'a byte after the pair', Buffer.concat([pair(1n, 1n), Buffer.alloc(1)])),
    ecdsa(24, 'three numbers', der.sequence(der.integer(1), der.integer(1), der.integer(1))),
    ecdsa(24, 'an empty signature', Buffer.alloc(0)),
    hostile(24, 'signature_invalid', 'r = s = 1', { signature: () => pair(1n, 1n) }),
  ];
}
