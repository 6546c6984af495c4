import type { Random } from '../runner/random.ts';

/** Changes bytes without an idea of what they are. */
export type ByteStep = (bytes: Buffer, random: Random) => Buffer;

const splice = (bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);

export const byteSteps: Readonly<Record<string, ByteStep>> = {
  flipBit: (bytes, random) => {
    const at = random.below(bytes.length);
    return splice(bytes, at, 1, Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]));
  },
  setByte: (bytes, random) => splice(bytes, random.below(bytes.length), 1, random.bytes(1)),
  insert: (bytes, random) =>
    splice(bytes, random.below(bytes.length + 1), 0, random.bytes(1 + random.below(4))),
  remove: (bytes, random) =>
    splice(bytes, random.below(bytes.length), 1 + random.below(4), Buffer.alloc(0)),
  truncate: (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  truncateFront: (bytes, random) => bytes.subarray(random.below(Math.min(bytes.length + 1, 16))),
  append: (bytes, random) => Buffer.concat([bytes, random.bytes(1 + random.below(8))]),
  twice: (bytes) => Buffer.concat([bytes, bytes]),
  copyWithin: (bytes, random) => {
    const from = random.below(bytes.length);
    const piece = bytes.subarray(from, from + 1 + random.below(40));
    return splice(bytes, random.below(bytes.length), 0, piece);
  },
  random: (_, random) => random.bytes(1 + random.below(400)),
};
