import type { Random } from '../runner/random.ts';
import { workloadUri } from './csr-draft.ts';

/** Makes a name that is nearly a workload's out of one that is. */
type UriStep = (uri: string, random: Random) => string | Uint8Array;

const insertions = [
  '\0',
  '\n',
  '\r',
  '\t',
  ' ',
  '%2F',
  '%00',
  '//',
  '/./',
  '/../',
  '?q',
  '#f',
  ':443',
  'user@',
  ',',
  ';',
  '\\',
  '"',
  '<',
  '[',
  '\u202e',
  'é',
  '\u{1F600}',
  '\x7f',
  '%',
  '*',
] as const;

const steps: readonly UriStep[] = [
  (uri, random) => {
    const at = random.below(uri.length + 1);
    return `${uri.slice(0, at)}${random.pick(insertions)}${uri.slice(at)}`;
  },
  (uri, random) => {
    const at = random.below(uri.length);
    return `${uri.slice(0, at)}${uri.slice(at + 1)}`;
  },
  (uri, random) => {
    const bytes = Buffer.from(uri);
    bytes.writeUInt8(random.below(256), random.below(bytes.length));
    return bytes;
  },
  (uri) => uri.toUpperCase(),
  (uri) => uri.replace('spiffe', 'SPIFFE'),
  (uri) => uri.replace('spiffe', 'https'),
  (uri) => uri.replace('/sa/', '//sa/'),
  (uri) => uri.replace(/[a-z0-9](?=[^/]*$)/, (char) => `%${char.charCodeAt(0).toString(16)}`),
  (uri) => `${uri}/`,
  (uri) => `${uri},${uri}`,
  (uri, random) => uri.padEnd(random.pick([256, 2047, 2048, 2049, 4000, 9000, 60_000]), 'x'),
  (uri) => Buffer.from(uri, 'utf16le'),
  () => '',
  (_, random) => random.bytes(random.below(40)),
];

export function oddUri(random: Random): string | Uint8Array {
  const step = random.pick(steps);
  const uri = workloadUri(random);
  return step === undefined ? uri : step(uri, random);
}
