import { DerError } from './errors.ts';
import { contextTag, tags } from './der-tags.ts';
import { asBuffer, expectTag } from './der-values.ts';
import type { DerElement } from './der.ts';

/** One subjectAltName. The kinds that have no use in a mesh are kept as `other`, never left out. */
export interface SubjectAltName {
  readonly kind: 'uri' | 'dns' | 'email' | 'ip' | 'other';
  /** Text; an address in its usual form; the whole element in hexadecimal for `other`. */
  readonly value: string;
}

const textKinds: ReadonlyMap<number, SubjectAltName['kind']> = new Map<
  number,
  SubjectAltName['kind']
>([
  [contextTag(1, 'primitive'), 'email'],
  [contextTag(2, 'primitive'), 'dns'],
  [contextTag(6, 'primitive'), 'uri'],
]);
const ipAddress = contextTag(7, 'primitive');

/** Every name of a GeneralNames (RFC 5280 section 4.2.1.6), in order. Throws DerError. */
export function parseGeneralNames(element: DerElement): readonly SubjectAltName[] {
  const names = expectTag(element, tags.sequence).children;
  if (names.length === 0) throw new DerError('der_value', 'a list of names is empty');
  return names.map(parseGeneralName);
}

function parseGeneralName(name: DerElement): SubjectAltName {
  const kind = textKinds.get(name.tag);
  if (kind !== undefined) return { kind, value: ia5Text(name.content) };
  if (name.tag === ipAddress) {
    const value = addressText(name.content);
    if (value !== undefined) return { kind: 'ip', value };
  }
  return { kind: 'other', value: asBuffer(name.bytes).toString('hex') };
}

/** IA5String is ASCII (RFC 5280 section 4.2.1.6); control characters have no place in a name. */
function ia5Text(content: Uint8Array): string {
  if (!content.every((byte) => byte >= 0x20 && byte < 0x7f)) {
    throw new DerError('der_value', 'a name is not printable ASCII');
  }
  return asBuffer(content).toString('latin1');
}

function addressText(content: Uint8Array): string | undefined {
  if (content.length === 4) return content.join('.');
  if (content.length !== 16) return undefined;
  const groups = asBuffer(content).toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
