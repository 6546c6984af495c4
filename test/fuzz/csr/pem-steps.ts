import type { Random } from '../runner/random.ts';

/** Changes the PEM text of a request. */
export type PemStep = (text: string, random: Random) => string;

const anyWidth = (text: string, random: Random): string => {
  const [, begin = '', body = '', end = ''] =
    /^(-----BEGIN[^\n]*\n)([^-]*)(-----END[^]*)$/.exec(text) ?? [];
  if (begin === '') return text;
  const width = random.pick([1, 4, 63, 64, 65, 76, 128, 5000]);
  const lines = body.replaceAll(/\s/g, '').match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
  return `${begin}${lines.join('\n')}\n${end}`;
};

/** Forms that RFC 7468 lets writers use and the gate takes. */
export const neutralPemSteps: Readonly<Record<string, PemStep>> = {
  width: anyWidth,
  crlf: (text) => text.replaceAll(/\r?\n/g, '\r\n'),
  blankLinesBefore: (text, random) => `${random.pick(['\n', '\r\n', '\n\n\r\n'])}${text}`,
  blankLinesAfter: (text, random) => `${text}${random.pick(['\n', '\r\n', '\n\n\r\n'])}`,
  noFinalNewline: (text) => text.trimEnd(),
};

const labels = [
  'CERTIFICATE',
  'NEW CERTIFICATE REQUEST',
  'certificate request',
  'CERTIFICATE REQUEST ',
  'PRIVATE KEY',
  'X509 CRL',
  '',
  'CERTIFICATE\u00a0REQUEST',
] as const;
const junk = [
  'x',
  ' ',
  '\t',
  '-',
  '-----',
  '\ufeff',
  'é',
  '\0',
  '\u2028',
  '\x7f',
  '=',
  '_',
  '\v',
  '\ud800',
] as const;

function insert(text: string, at: number, piece: string): string {
  return `${text.slice(0, at)}${piece}${text.slice(at)}`;
}

/** Base64 characters as they stand between the boundaries. */
function onBody(text: string, change: (body: string) => string): string {
  const start = text.indexOf('\n') + 1;
  const end = text.indexOf('-----END', start);
  return end < 0
    ? text
    : `${text.slice(0, start)}${change(text.slice(start, end))}${text.slice(end)}`;
}

export const pemSteps: Readonly<Record<string, PemStep>> = {
  label: (text, random) => text.replaceAll('CERTIFICATE REQUEST', random.pick(labels)),
  beginLabel: (text, random) => text.replace('CERTIFICATE REQUEST', random.pick(labels)),
  junkAnywhere: (text, random) => insert(text, random.below(text.length + 1), random.pick(junk)),
  junkBefore: (text, random) => `${random.pick([...junk, 'hello\n'])}${text}`,
  junkAfter: (text, random) => `${text}${random.pick([...junk, 'bye\n'])}`,
  headerLine: (text) => text.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n'),
  twice: (text) => text + text,
  withKey: (text) => `${text}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
  noEnd: (text) => text.replace(/-----END[^]*$/, ''),
  noBegin: (text) => text.replace(/^[^\n]*\n/, ''),
  endOnLastLine: (text) => text.replace('\n-----END', '-----END'),
  beginOnFirstLine: (text) => text.replace('-----\n', '-----'),
  manyBegins: (text, random) =>
    '-----BEGIN CERTIFICATE REQUEST-----\n'.repeat(random.below(400)) + text,
  padding: (text, random) =>
    onBody(text, (body) =>
      body.trimEnd().replace(/=*$/, random.pick(['', '=', '==', '===', 'A=', 'B==\n'])),
    ),
  otherAlphabet: (text) => onBody(text, (body) => body.replaceAll('+', '-').replaceAll('/', '_')),
  trailingBlanks: (text, random) => text.replaceAll('\n', random.pick([' \n', '\t\n', '\r\r\n'])),
  loneCarriageReturns: (text) => text.replaceAll('\n', '\r'),
  noBody: (text) => onBody(text, () => ''),
  blankLinesInside: (text) => onBody(text, (body) => body.replaceAll('\n', '\n\n')),
  cut: (text, random) => text.slice(0, random.below(text.length)),
  oneCharacter: (text, random) => {
    const at = random.below(text.length);
    return `${text.slice(0, at)}${String.fromCharCode(random.below(128))}${text.slice(at + 1)}`;
  },
  bare: (text) => text.replaceAll(/-----[^\n]*\n/g, ''),
  longer: (text, random) => text + '\n'.repeat(random.pick([14_000, 15_500, 20_000])),
  nothing: (_, random) => random.pick(['', '\n', '\r\n\n', ' ']),
};
