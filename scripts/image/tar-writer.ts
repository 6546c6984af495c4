// Writes tar archives whose bytes follow from their entries alone: no names of users, no times, no order
// that a file system chose. POSIX.1-2001 (pax), which every container runtime reads.

/** What an entry of an archive is. */
export type TarKind =
  | { readonly kind: 'file'; readonly size: number }
  | { readonly kind: 'folder' }
  | { readonly kind: 'link'; readonly target: string };

export interface TarEntry {
  /** Without a slash at the front or the end. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly what: TarKind;
}

const blockSize = 512;
const typeFlags = { file: '0', folder: '5', link: '2' } as const;
/** What a field of ustar holds; longer values go into a pax record before the header. */
const nameField = 100;
const maxOctalOf12 = 0o77777777777;

/** The header of an entry, with the pax records that it needs. A file's content and `padding` follow it. */
export function tarHeader(entry: TarEntry): Buffer {
  const name = entry.what.kind === 'folder' ? `${entry.path}/` : entry.path;
  const target = entry.what.kind === 'link' ? entry.what.target : '';
  const records = [
    ...(needsRecord(name) ? [paxRecord('path', name)] : []),
    ...(needsRecord(target) ? [paxRecord('linkpath', target)] : []),
  ].join('');
  const header = ustarHeader(entry, name, target);
  if (records === '') return header;
  const size = Buffer.byteLength(records);
  const pax = { path: '', mode: 0o644, uid: 0, gid: 0, what: { kind: 'file', size } } as const;
  return Buffer.concat([
    ustarHeader(pax, 'pax-header', '', 'x'),
    Buffer.from(records),
    padding(size),
    header,
  ]);
}

/** What fills a file's last block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** The two empty blocks that end an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * blockSize);
}

function needsRecord(value: string): boolean {
  return Buffer.byteLength(value) > nameField || /[^\x00-\x7f]/.test(value);
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function ustarHeader(
  entry: TarEntry,
  name: string,
  target: string,
  type: string = typeFlags[entry.what.kind],
): Buffer {
  const size = entry.what.kind === 'file' ? entry.what.size : 0;
  if (size > maxOctalOf12) throw new Error(`${name} is larger than the 8 GiB of a ustar entry`);
  const header = Buffer.alloc(blockSize);
  header.write(shortened(name), 0, nameField, 'utf8');
  header.write(octal(entry.mode, 8), 100, 'latin1');
  header.write(octal(entry.uid, 8), 108, 'latin1');
  header.write(octal(entry.gid, 8), 116, 'latin1');
  header.write(octal(size, 12), 124, 'latin1');
  header.write(octal(0, 12), 136, 'latin1');
  header.write(' '.repeat(8), 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(shortened(target), 157, nameField, 'utf8');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\x00 `, 148, 'latin1');
  return header;
}

/** The field's part of a value that a pax record has whole, without half a character at its end. */
function shortened(value: string): string {
  return needsRecord(value) ? value.replaceAll(/[^ -~]/g, '_').slice(0, nameField) : value;
}

function octal(value: number, field: number): string {
  const digits = value.toString(8);
  if (digits.length >= field) throw new Error(`${value} does not fit into a field of a tar header`);
  return `${digits.padStart(field - 1, '0')}\x00`;
}
