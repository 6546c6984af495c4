import { createECDH, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { spkiOf, storedKey } from '../../support/csr-writer.ts';
import {
  closeModulus,
  modulusWithFactor,
  rocaModulus,
  rsaSpki,
  soundModulus,
} from '../../support/rsa-modulus.ts';
import type { Random } from '../runner/random.ts';
import { readTree } from './der-tree.ts';
import type { DerNode } from './der-tree.ts';

/** A key with its SubjectPublicKeyInfo as a tree that is not to be changed, only cloned. */
export interface FuzzKey {
  readonly key: KeyObject;
  readonly spki: DerNode;
}

const stored = new Map<string, FuzzKey>();

function storedFuzzKey(name: string): FuzzKey {
  const known = stored.get(name) ?? fuzzKey(storedKey(name));
  stored.set(name, known);
  return known;
}

function fuzzKey(key: KeyObject): FuzzKey {
  return { key, spki: readTree(spkiOf(key)) };
}

/** Private scalars from the seed: their points and signatures begin with all sorts of bytes. */
function p256Key(random: Random): FuzzKey {
  const pair = createECDH('prime256v1');
  // Below the order, whose first octets are all ones.
  pair.setPrivateKey(Buffer.concat([Buffer.from([random.below(255)]), random.bytes(31)]));
  const point = pair.getPublicKey();
  const jwk = {
    ...{ kty: 'EC', crv: 'P-256', d: pair.getPrivateKey('base64url') },
    ...{ x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) },
  };
  return fuzzKey(createPrivateKey({ format: 'jwk', key: jwk }));
}

/** The keys of one run. P-256 comes most often: its signatures cost the least. */
export class KeyRing {
  readonly #p256: readonly FuzzKey[];

  constructor(random: Random) {
    this.#p256 = Array.from({ length: 64 }, () => p256Key(random));
  }

  pickGood(random: Random): FuzzKey {
    const die = random.below(200);
    if (die < 160) return random.pick(this.#p256) ?? storedFuzzKey('ec-p256');
    if (die < 184) return storedFuzzKey(random.pick(['rsa-2048', 'rsa-2048-other']));
    if (die < 198) return storedFuzzKey('ec-p384');
    return storedFuzzKey(random.pick(['rsa-3072', 'rsa-4096']));
  }

  /** Can sign, and must never be let in. */
  pickOdd(random: Random): FuzzKey {
    return storedFuzzKey(random.pick(oddKeys));
  }
}

const oddKeys = [
  'rsa-1024',
  'rsa-2048-e3',
  'ec-p224',
  'ec-p521',
  'ec-secp256k1',
  'ec-brainpoolp256r1',
  'ed25519',
  'ed448',
] as const;

const exponents = [0n, 1n, 3n, 65536n, 65539n, 1n << 33n, (1n << 2000n) + 1n] as const;

const oddModuli: readonly (() => Buffer)[] = [
  () => rsaSpki(soundModulus(2048)),
  () => rsaSpki(soundModulus(2048) + 1n),
  () => rsaSpki(modulusWithFactor(2048, 751)),
  () => rsaSpki(closeModulus(2048)),
  () => rsaSpki(rocaModulus(2048)),
  () => rsaSpki(soundModulus(2047)),
  () => rsaSpki(soundModulus(2056)),
  () => rsaSpki(soundModulus(4096)),
  () => rsaSpki(soundModulus(4104)),
  () => rsaSpki((1n << 16384n) - 1n),
  ...exponents.map((exponent) => () => rsaSpki(soundModulus(2048), exponent)),
];
const madeModuli = new Map<number, DerNode>();

/** An RSA key that nobody has the private part of: weak, of another size, or with an odd exponent. */
export function oddRsaSpki(random: Random): DerNode {
  const at = random.below(oddModuli.length);
  const known = madeModuli.get(at) ?? readTree(oddModuli[at]?.() ?? Buffer.alloc(0));
  madeModuli.set(at, known);
  return known;
}
