import type { Random } from '../runner/random.ts';
import type { CsrDraft } from './csr-draft.ts';
import { constructed, primitive, readTree, writeTree } from './der-tree.ts';
import type { DerNode } from './der-tree.ts';

/** Changes the octets of a sound signature. */
type SignatureStep = (signature: Buffer, random: Random) => Buffer;

const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** r and s of an ECDSA signature changed as INTEGERs; other signatures as they are. */
function onIntegers(change: (integers: DerNode[], random: Random) => void): SignatureStep {
  return (signature, random) => {
    if (signature[0] !== 0x30 || signature.length > 160) return signature;
    try {
      const tree = readTree(signature);
      change(tree.children ?? [], random);
      return writeTree(tree);
    } catch {
      // The modulus-long number of an RSA signature may begin like a SEQUENCE.
      return signature;
    }
  };
}

const numberOf = ({ content }: DerNode): bigint => BigInt(`0x${content.toString('hex') || '0'}`);

function integerNode(value: bigint): DerNode {
  const digits = value.toString(16);
  const octets = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  const sign = (octets[0] ?? 0) >= 0x80 ? [0] : [];
  return primitive(0x02, Buffer.concat([Buffer.from(sign), octets]));
}

/** Sets r or s. */
const setTo = (make: (value: bigint) => bigint): SignatureStep =>
  onIntegers((integers, random) => {
    const at = random.below(2);
    const old = integers[at];
    if (old !== undefined) integers[at] = integerNode(make(numberOf(old)));
  });

export const signatureSteps: Readonly<Record<string, SignatureStep>> = {
  zero: setTo(() => 0n),
  order: setTo(() => p256Order),
  overOrder: setTo((value) => value + p256Order),
  huge: setTo((value) => value << 300n),
  // The other of the two values of s that verify, for P-256: the one neutral step here.
  otherS: onIntegers((integers) => {
    const [, s] = integers;
    const value = s === undefined ? 0n : numberOf(s);
    if (value > 0n && value < p256Order) integers[1] = integerNode(p256Order - value);
  }),
  padded: onIntegers((integers, random) => {
    const chosen = random.pick(integers);
    if (chosen !== undefined) chosen.content = Buffer.concat([Buffer.alloc(1), chosen.content]);
  }),
  negative: onIntegers((integers, random) => {
    const chosen = random.pick(integers);
    if (chosen !== undefined) chosen.content = Buffer.concat([Buffer.from([0x80]), chosen.content]);
  }),
  third: onIntegers((integers) => integers.push(integerNode(1n))),
  nested: onIntegers((integers) => integers.splice(0, 1, constructed(0x30, integerNode(1n)))),
  rawPair: onIntegers((integers) => integers.splice(0, 2, primitive(0x04, Buffer.alloc(64)))),
  byteAfter: (signature) => Buffer.concat([signature, Buffer.alloc(1)]),
  byteBefore: (signature) => Buffer.concat([Buffer.alloc(1), signature]),
  oneShort: (signature) => signature.subarray(0, -1),
  empty: () => Buffer.alloc(0),
  bitFlipped: (signature, random) => {
    const at = random.below(signature.length);
    return Buffer.from(
      signature.map((byte, i) => (i === at ? byte ^ (1 << random.below(8)) : byte)),
    );
  },
  random: (signature, random) => random.bytes(signature.length),
};

export function reshape(draft: CsrDraft, step: SignatureStep, random: Random): void {
  const before = draft.reshapeSignature;
  draft.reshapeSignature = (signature) => step(before(signature), random);
}
