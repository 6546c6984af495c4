import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { algorithmOf, canEncipher, keyAlgorithms } from '../../../src/pki/key-algorithm.ts';
import type { PublicKeyKind } from '../../../src/pki/key-algorithm.ts';
import { generateKeyPair } from '../../../src/pki/key-pair.ts';
import { parseDer, requestLimits } from '../../../src/pki/der.ts';
import { parseSubjectPublicKey } from '../../../src/pki/subject-public-key.ts';

describe('algorithmOf', () => {
  it.each(['rsa-2048', 'ecdsa-p256', 'ecdsa-p384'] as const)(
    'gives a new key of %s that name',
    async (algorithm) => {
      const { spkiDer } = await generateKeyPair(algorithm);

      expect(algorithmOf(parseSubjectPublicKey(parseDer(spkiDer, requestLimits)))).toBe(algorithm);
    },
  );

  it.each<[PublicKeyKind, string]>([
    [{ kind: 'rsa', bits: 2056 }, 'rsa-2056'],
    [{ kind: 'ec', curve: 'P-521' }, 'ecdsa-p521'],
    [{ kind: 'ec', curve: undefined }, 'ecdsa-other'],
    [{ kind: 'ed25519' }, 'ed25519'],
  ])('names %j, which nobody may bring', (key, name) => {
    expect(algorithmOf(key)).toBe(name);
    expect(keyAlgorithms).not.toContain(name);
  });
});

describe('canEncipher', () => {
  it.each<[PublicKeyKind, boolean]>([
    [{ kind: 'rsa', bits: 2048 }, true],
    [{ kind: 'ec', curve: 'P-256' }, false],
    [{ kind: 'ed25519' }, false],
    // Of a key that is not known nothing is excused.
    [{ kind: 'other' }, true],
  ])('says of %j: %s', (key, expected) => {
    expect(canEncipher(key)).toBe(expected);
  });
});

it.each(['charts/istio-ra/values.schema.json', 'docs/signer-policy.schema.json'])(
  '%s names the same kinds of key',
  (path) => {
    const text = readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');
    const [, names = '[]'] = /"enum": (\[[^\]]*"rsa-2048"[^\]]*\])/.exec(text) ?? [];

    expect(JSON.parse(names)).toEqual(keyAlgorithms);
  },
);
