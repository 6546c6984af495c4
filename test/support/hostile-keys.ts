import { sign } from 'node:crypto';
import type { HostileEntry } from './csr-corpus-entry.ts';
import { hostile } from './csr-corpus-entry.ts';
import * as der from './der-writer.ts';
import * as csr from './csr-writer.ts';
import { storedKey } from './csr-writer.ts';
import * as rsa from './rsa-modulus.ts';

/** Rows 10 to 23: keys. */
export function hostileKeys(): HostileEntry[] {
  return [...hostileRsaKeys(), ...hostileEcKeys()];
}

function hostileRsaKeys(): HostileEntry[] {
  const key = storedKey('rsa-2048');
  const spki = (row: number, reason: string, name: string, value: Buffer): HostileEntry =>
    hostile(row, reason, name, { key, spki: value });
  const sized = (row: number, bits: number): HostileEntry =>
    spki(row, 'key_size', `RSA of ${bits} bits`, rsa.rsaSpki((1n << BigInt(bits - 1)) + 12345n));
  const sound = rsa.soundModulus(2048);
  const pss = der.sequence(
    der.sequence(der.oid('1.2.840.113549.1.1.10')),
    der.bitString(rsa.soundRsaKey()),
  );
  const withoutNull = der.sequence(
    der.sequence(der.oid('1.2.840.113549.1.1.1')),
    der.bitString(rsa.soundRsaKey()),
  );
  return [
    spki(13, 'key_type', 'an RSA-PSS key', pss),
    spki(10, 'key_parameters', 'an RSA key without NULL', withoutNull),
    hostile(15, 'key_size', 'a real RSA-1024', { key: storedKey('rsa-1024') }),
    ...[512, 1024, 2047, 2049].map((bits) => sized(15, bits)),
    ...[4104, 8192, 16384].map((bits) => sized(16, bits)),
    ...[1, 2, 3, 65536, 65539].map((exponent) =>
      spki(17, 'public_exponent', `e = ${exponent}`, rsa.rsaSpki(sound, exponent)),
    ),
    spki(17, 'public_exponent', 'e of 2047 bits', rsa.rsaSpki(sound, (1n << 2046n) + 1n)),
    hostile(17, 'public_exponent', 'a real key with e = 3', { key: storedKey('rsa-2048-e3') }),
    spki(18, 'weak_modulus', 'an even modulus', rsa.rsaSpki(sound + 1n)),
    ...[3, 7, 743, 751].map((prime) =>
      spki(18, 'weak_modulus', `a modulus that ${prime} divides`, rsaMultiple(prime)),
    ),
    spki(18, 'weak_modulus', 'a modulus of two close factors', rsa.rsaSpki(rsa.closeModulus(2048))),
    spki(18, 'weak_modulus', 'a ROCA modulus', rsa.rsaSpki(rsa.rocaModulus(2048))),
  ];
}

function rsaMultiple(prime: number): Buffer {
  return rsa.rsaSpki(rsa.modulusWithFactor(2048, prime));
}

function hostileEcKeys(): HostileEntry[] {
  const p256 = csr.spkiOf(storedKey('ec-p256'));
  const point = p256.subarray(-65);
  const curve = der.oid('1.2.840.10045.3.1.7');
  const ec = (parameters: Uint8Array, value: Uint8Array): csr.CsrParts => ({
    spki: der.sequence(
      der.sequence(der.oid('1.2.840.10045.2.1'), parameters),
      der.bitString(value),
    ),
  });
  const offCurve = Buffer.from(point);
  offCurve.writeUInt8(offCurve.readUInt8(64) ^ 1, 64);
  const compressed = Buffer.concat([Buffer.from([2]), point.subarray(1, 33)]);
  const hybrid = Buffer.concat([Buffer.from([6]), point.subarray(1)]);
  const explicit = der.sequence(
    der.integer(1),
    der.sequence(),
    der.sequence(),
    der.octetString(point),
  );
  const withKey = (row: number, reason: string, name: string): HostileEntry =>
    hostile(row, reason, `a key of ${name}`, {
      key: storedKey(name),
      ...(name.startsWith('ed') && { signature: (s) => sign(null, s, storedKey(name)) }),
    });
  const dsa = der.sequence(
    der.sequence(der.oid('1.2.840.10040.4.1'), der.sequence(der.integer(7))),
    der.bitString(der.integer(5)),
  );
  const mlDsa = der.sequence(
    der.sequence(der.oid('2.16.840.1.101.3.4.3.18')),
    der.bitString(point),
  );
  return [
    withKey(14, 'key_type', 'ed25519'),
    withKey(14, 'key_type', 'ed448'),
    hostile(14, 'signature_algorithm', 'an Ed25519 signature', {
      key: storedKey('ed25519'),
      signatureAlgorithm: csr.algorithm('1.3.101.112'),
      signature: (signed) => sign(null, signed, storedKey('ed25519')),
    }),
    hostile(14, 'key_type', 'a DSA key', { spki: dsa }),
    hostile(14, 'key_type', 'an ML-DSA key', { spki: mlDsa }),
    withKey(19, 'curve', 'ec-p224'),
    withKey(20, 'curve', 'ec-secp256k1'),
    withKey(20, 'curve', 'ec-brainpoolp256r1'),
    withKey(20, 'curve', 'ec-p521'),
    hostile(21, 'curve', 'explicit curve parameters', ec(explicit, point)),
    hostile(21, 'curve', 'no curve but NULL', ec(der.nullValue(), point)),
    hostile(22, 'point_not_on_curve', 'a point that is not on the curve', ec(curve, offCurve)),
    hostile(22, 'point_encoding', 'the point at infinity', ec(curve, Buffer.alloc(1))),
    hostile(22, 'point_encoding', 'a point that is a byte short', ec(curve, point.subarray(0, 64))),
    hostile(22, 'point_encoding', 'an empty point', ec(curve, Buffer.alloc(0))),
    hostile(22, 'point_encoding', 'a P-256 point called P-384', ec(der.oid('1.3.132.0.34'), point)),
    hostile(23, 'point_encoding', 'a compressed point', ec(curve, compressed)),
    hostile(23, 'point_encoding', 'a hybrid point', ec(curve, hybrid)),
    hostile(22, 'der_value', 'a point with unused bits', {
      spki: der.sequence(
        der.sequence(der.oid('1.2.840.10045.2.1'), curve),
        der.bitString(Buffer.concat([point.subarray(0, 64), Buffer.alloc(1)]), 1),
      ),
    }),
  ];
}
