import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject, webcrypto } from 'node:crypto';
import { crypto } from './crypto.ts';
import { algorithmOf, keyAlgorithms } from './key-algorithm.ts';
import type { KeyAlgorithm, PublicKeyKind } from './key-algorithm.ts';
import { encodePem } from './pem.ts';

export type HashName = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

export interface KeyPair {
  readonly algorithm: KeyAlgorithm;
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
  /** SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
  readonly spkiDer: Uint8Array;
}

/** A new key pair; the private key can be exported. */
export async function generateKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const parameters = parametersOf(algorithm, defaultHash(algorithm));
  const pair = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify']);
  const spkiDer = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey));
  return { algorithm, privateKey: pair.privateKey, publicKey: pair.publicKey, spkiDer };
}

/** The private key as a PKCS#8 PEM block (RFC 5958). */
export async function exportPrivateKeyPem({ privateKey }: KeyPair): Promise<string> {
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', privateKey);
  return encodePem('PRIVATE KEY', new Uint8Array(pkcs8));
}

/**
 * The key pair of an unencrypted private key in PEM: PKCS#8, or what OpenSSL writes for RSA and EC.
 * Throws when the text is no such key or the key is of no kind in `KeyAlgorithm`.
 */
export async function importKeyPair(pem: string): Promise<KeyPair> {
  const privateKey = createPrivateKey(pem);
  const algorithm = supportedAlgorithmOf(privateKey);
  return importForHash(privateKey, algorithm, defaultHash(algorithm));
}

/**
 * The same key, bound to another hash: in Web Crypto the hash of an RSA signature belongs to the
 * key, not to the signature.
 */
export async function withHash(keyPair: KeyPair, hash: HashName): Promise<KeyPair> {
  const pem = await exportPrivateKeyPem(keyPair);
  return importForHash(createPrivateKey(pem), keyPair.algorithm, hash);
}

/** The hash that fits the strength of the key: SHA-384 for P-384, SHA-256 for all others. */
export function defaultHash(algorithm: KeyAlgorithm): HashName {
  return algorithm === 'ecdsa-p384' ? 'SHA-384' : 'SHA-256';
}

const publicExponent65537 = new Uint8Array([1, 0, 1]);

type KeyParameters = webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams;

function parametersOf(algorithm: KeyAlgorithm, hash: HashName): KeyParameters {
  switch (algorithm) {
    case 'ecdsa-p256':
      return { name: 'ECDSA', namedCurve: 'P-256' };
    case 'ecdsa-p384':
      return { name: 'ECDSA', namedCurve: 'P-384' };
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096':
      return {
        name: 'RSASSA-PKCS1-v1_5',
        hash,
        modulusLength: Number(algorithm.slice('rsa-'.length)),
        publicExponent: publicExponent65537,
      };
  }
}

/** By OpenSSL's names. */
const curves: ReadonlyMap<string | undefined, 'P-256' | 'P-384'> = new Map<
  string | undefined,
  'P-256' | 'P-384'
>([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
]);

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): PublicKeyKind {
  return asymmetricKeyType === 'rsa'
    ? { kind: 'rsa', bits: asymmetricKeyDetails?.modulusLength ?? 0 }
    : { kind: 'ec', curve: curves.get(asymmetricKeyDetails?.namedCurve) };
}

function supportedAlgorithmOf(key: KeyObject): KeyAlgorithm {
  const name = algorithmOf(kindOf(key));
  const algorithm = keyAlgorithms.find((known) => known === name);
  if (algorithm === undefined)
    throw new Error('the private key is of a kind that is not supported');
  return algorithm;
}

async function importForHash(
  privateKey: KeyObject,
  algorithm: KeyAlgorithm,
  hash: HashName,
): Promise<KeyPair> {
  const parameters = parametersOf(algorithm, hash);
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return {
    algorithm,
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, parameters, true, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', spki, parameters, true, ['verify']),
    spkiDer: new Uint8Array(spki),
  };
}
