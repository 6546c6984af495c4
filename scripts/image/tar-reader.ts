// Reads the tar archives that Debian packages and npm packages hold: ustar with GNU's or pax' long names.
import type { TarEntry, TarKind } from './tar-writer.ts';

export interface TarMember extends Omit<TarEntry, 'what'> {
  readonly what:
    | Exclude<TarKind, { kind: 'file' }>
    | { readonly kind: 'file'; readonly bytes: Buffer }
    /** A further name of a file that stands earlier in the archive. */
    | { readonly kind: 'hard-link'; readonly target: string };
}

const blockSize = 512;

interface LongNames {
  readonly path?: string;
  readonly link?: string;
}

/** Every member of an archive in its order. Throws for a damaged one and for devices, pipes and the like. */
export function readTar(archive: Buffer): readonly TarMember[] {
  const members: TarMember[] = [];
  let long: LongNames = {};
  let offset = 0;
  while (offset + blockSize <= archive.length) {
    const header = archive.subarray(offset, offset + blockSize);
    if (header.every((byte) => byte === 0)) return members;
    verifyChecksum(header, offset);
    const size = number(header, 124, 12);
    const start = offset + blockSize;
    const body = archive.subarray(start, start + size);
    if (body.length < size) throw new Error(`the tar archive ends within ${nameOf(header)}`);
    offset = start + Math.ceil(size / blockSize) * blockSize;
    const names = longNames(header, body);
    if (names) {
      long = { ...long, ...names };
      continue;
    }
    members.push(member(header, body, long));
    long = {};
  }
  throw new Error('the tar archive has no end');
}

/** What a header that describes only the next one says of it. */
function longNames(header: Buffer, body: Buffer): LongNames | undefined {
  switch (typeOf(header)) {
    case 'L':
      return { path: text(body, 0, body.length) };
    case 'K':
      return { link: text(body, 0, body.length) };
    case 'x':
      return paxNames(body);
    case 'g':
      return {};
    default:
      return undefined;
  }
}

function paxNames(body: Buffer): LongNames {
  const names: { path?: string; link?: string } = {};
  for (let offset = 0; offset < body.length;) {
    const space = body.indexOf(' ', offset);
    const length = Number(body.toString('latin1', offset, space));
    if (space < 0 || !(length > 0)) throw new Error('a pax record of the tar archive is damaged');
    const [key = '', ...value] = body.toString('utf8', space + 1, offset + length - 1).split('=');
    if (key === 'path') names.path = value.join('=');
    if (key === 'linkpath') names.link = value.join('=');
    if (key === 'size') throw new Error('the tar archive has a file of more than 8 GiB');
    offset += length;
  }
  return names;
}

function member(header: Buffer, body: Buffer, long: LongNames): TarMember {
  const path = plain(long.path ?? nameOf(header));
  const target = long.link ?? text(header, 157, 100);
  const type = typeOf(header);
  const mode = number(header, 100, 8) & 0o7777;
  const owner = { uid: number(header, 108, 8), gid: number(header, 116, 8) };
  return { path, mode, ...owner, what: whatIs(type, path, body, target) };
}

function whatIs(type: string, path: string, bytes: Buffer, target: string): TarMember['what'] {
  switch (type) {
    case '0':
    case '\0':
      return { kind: 'file', bytes };
    case '1':
      return { kind: 'hard-link', target: plain(target) };
    case '2':
      return { kind: 'link', target };
    case '5':
      return { kind: 'folder' };
    default:
      throw new Error(`${path} is of a type that no image of ours takes: tar type ${type}`);
  }
}

/** Without `./` at the front or a slash at the end. Throws for a path that leaves its folder. */
function plain(path: string): string {
  const words = path.split('/').filter((word) => word !== '' && word !== '.');
  if (words.includes('..')) throw new Error(`the tar archive has a path with "..": ${path}`);
  return words.join('/');
}

function typeOf(header: Buffer): string {
  return header.toString('latin1', 156, 157);
}

function nameOf(header: Buffer): string {
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, Math.min(end < 0 ? Infinity : end, start + length));
}

function number(header: Buffer, start: number, length: number): number {
  const digits = header.toString('latin1', start, start + length).replaceAll(/[\0 ]/g, '');
  if (!/^[0-7]*$/.test(digits)) {
    throw new Error(`the tar archive has a number that is not octal: ${JSON.stringify(digits)}`);
  }
  return digits === '' ? 0 : parseInt(digits, 8);
}

function verifyChecksum(header: Buffer, offset: number): void {
  const said = number(header, 148, 8);
  const sum = header.reduce(
    (total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte),
    0,
  );
  if (sum !== said) throw new Error(`the tar archive is damaged at byte ${offset}`);
}
