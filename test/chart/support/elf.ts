/** What the dynamic loader reads of a program or library: 64 bit, little endian. */
export interface Elf {
  /** 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  /** Names of the libraries that it needs. */
  readonly needed: readonly string[];
  /** Path of the loader; undefined for a library. */
  readonly interpreter: string | undefined;
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const load = 1;
const dynamic = 2;
const interpreter = 3;
const neededTag = 1;
const stringsTag = 5;

/** Undefined for a file that is no ELF file. */
export function readElf(bytes: Buffer): Elf | undefined {
  if (bytes.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  if (bytes[4] !== 2 || bytes[5] !== 1)
    throw new Error('the ELF file is not 64 bit, little endian');
  const segments = segmentsOf(bytes);
  const entries = segments.filter(({ type }) => type === dynamic).flatMap(dynamicEntries(bytes));
  const address = entries.find(({ tag }) => tag === stringsTag)?.value ?? 0;
  const holder = segments.find(
    (segment) =>
      segment.type === load &&
      segment.address <= address &&
      address < segment.address + segment.size,
  );
  const strings = holder === undefined ? 0 : address - holder.address + holder.offset;
  const needed = entries.filter(({ tag }) => tag === neededTag);
  const loader = segments.find(({ type }) => type === interpreter);
  return {
    machine: bytes.readUInt16LE(18),
    needed: needed.map(({ value }) => textAt(bytes, strings + value)),
    interpreter: loader && textAt(bytes, loader.offset),
  };
}

function segmentsOf(bytes: Buffer): readonly Segment[] {
  const [table, size, count] = [
    Number(bytes.readBigUInt64LE(32)),
    bytes.readUInt16LE(54),
    bytes.readUInt16LE(56),
  ];
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * size;
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
    };
  });
}

function dynamicEntries(
  bytes: Buffer,
): (segment: Segment) => readonly { tag: number; value: number }[] {
  return ({ offset, size }) =>
    Array.from({ length: size / 16 }, (_, index) => {
      const at = offset + index * 16;
      return {
        tag: Number(bytes.readBigInt64LE(at)),
        value: Number(bytes.readBigUInt64LE(at + 8)),
      };
    });
}

function textAt(bytes: Buffer, start: number): string {
  return bytes.toString('latin1', start, bytes.indexOf(0, start));
}
