import { CertificateError, DerError } from './errors.ts';
import { contextTag, tags } from './der-tags.ts';
import { asBuffer, expectTag, namedBits, objectIdentifier, smallInteger } from './der-values.ts';
import { certificateLimits, parseDer } from './der.ts';
import type { DerElement } from './der.ts';
import { parseGeneralNames } from './general-names.ts';
import type { SubjectAltName } from './general-names.ts';
import { extendedKeyUsageName, keyUsageNames } from './key-usage.ts';
import type { KeyUsageName } from './key-usage.ts';

/** What the extensions of a certificate say (RFC 5280 section 4.2.1). */
export interface CertificateExtensions {
  /** True only where basicConstraints says cA TRUE. */
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  /** Undefined when the extension is absent, which allows every usage. */
  readonly keyUsages: ReadonlySet<KeyUsageName> | undefined;
  /** Names such as `serverAuth`, or dotted OIDs; undefined when the extension is absent. */
  readonly extendedKeyUsages: readonly string[] | undefined;
  /** Every name, in order; empty when the extension is absent. */
  readonly subjectAltNames: readonly SubjectAltName[];
  /** Hexadecimal. */
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
  /** OIDs of critical extensions that are not honoured here, such as name constraints. */
  readonly unknownCriticalExtensions: readonly string[];
}

type Draft = { -readonly [field in keyof CertificateExtensions]: CertificateExtensions[field] };

/** Reads one extension's value into the draft. Throws DerError. */
type Reader = (draft: Draft, value: DerElement) => void;

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['2.5.29.14', readSubjectKeyId],
  ['2.5.29.15', readKeyUsage],
  ['2.5.29.17', readSubjectAltNames],
  ['2.5.29.19', readBasicConstraints],
  ['2.5.29.35', readAuthorityKeyId],
  ['2.5.29.37', readExtendedKeyUsages],
]);

/** Reads Extensions, none where absent. Throws DerError and CertificateError. */
export function parseExtensions(element: DerElement | undefined): CertificateExtensions {
  const draft: Draft = {
    isCa: false,
    pathLength: undefined,
    keyUsages: undefined,
    extendedKeyUsages: undefined,
    subjectAltNames: [],
    subjectKeyId: undefined,
    authorityKeyId: undefined,
    unknownCriticalExtensions: [],
  };
  if (element === undefined) return draft;
  const list = expectTag(element, tags.sequence).children;
  if (list.length === 0) throw new DerError('der_value', 'the list of extensions is empty');
  const seen = new Set<string>();
  const unknown: string[] = [];
  for (const { oid, critical, value } of list.map(parseExtension)) {
    if (seen.has(oid)) {
      throw new CertificateError('duplicate_extension', `the extension ${oid} is there twice`);
    }
    seen.add(oid);
    const read = readers.get(oid);
    if (read !== undefined) readExtension(read, draft, { oid, value });
    else if (critical) unknown.push(oid);
  }
  draft.unknownCriticalExtensions = unknown;
  return draft;
}

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** The content of extnValue: DER that has not been read yet. */
  readonly value: Uint8Array;
}

/** RFC 5280 section 4.1: `critical` is DEFAULT FALSE, so DER never spells FALSE. Throws DerError. */
export function parseExtension(element: DerElement): Extension {
  const [identifier, ...rest] = expectTag(element, tags.sequence).children;
  const oid = objectIdentifier(identifier);
  const [flag, last] = rest.length === 2 ? rest : [undefined, rest[0]];
  if (rest.length > 2 || (flag !== undefined && !isTrue(flag))) {
    throw new DerError('der_value', 'an extension is not id, critical TRUE or nothing, value');
  }
  return { oid, critical: flag !== undefined, value: expectTag(last, tags.octetString).content };
}

function readExtension(
  read: Reader,
  draft: Draft,
  { oid, value }: Pick<Extension, 'oid' | 'value'>,
): void {
  try {
    read(draft, parseDer(value, certificateLimits));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    const options = { cause: error };
    throw new CertificateError('extension', `the extension ${oid} cannot be read`, options);
  }
}

function isTrue(element: DerElement): boolean {
  return element.tag === tags.boolean && element.content[0] === 0xff;
}

function readBasicConstraints(draft: Draft, value: DerElement): void {
  const [first, ...rest] = expectTag(value, tags.sequence).children;
  const isCa = first?.tag === tags.boolean;
  if (isCa && !isTrue(first)) throw new DerError('der_value', 'cA FALSE is spelled out');
  const pathLength = isCa ? rest[0] : first;
  if (rest.length > (isCa ? 1 : 0) || (pathLength !== undefined && !isCa)) {
    throw new DerError('der_value', 'basicConstraints is not cA and pathLenConstraint');
  }
  draft.isCa = isCa;
  draft.pathLength = pathLength === undefined ? undefined : smallInteger(pathLength);
}

function readKeyUsage(draft: Draft, value: DerElement): void {
  const names = namedBits(value).map((bit) => keyUsageNames[bit]);
  draft.keyUsages = new Set(names.filter((name) => name !== undefined));
}

function readExtendedKeyUsages(draft: Draft, value: DerElement): void {
  const purposes = expectTag(value, tags.sequence).children;
  if (purposes.length === 0) throw new DerError('der_value', 'extKeyUsage names no purpose');
  draft.extendedKeyUsages = purposes.map((purpose) =>
    extendedKeyUsageName(objectIdentifier(purpose)),
  );
}

function readSubjectAltNames(draft: Draft, value: DerElement): void {
  draft.subjectAltNames = parseGeneralNames(value);
}

function readSubjectKeyId(draft: Draft, value: DerElement): void {
  draft.subjectKeyId = asBuffer(expectTag(value, tags.octetString).content).toString('hex');
}

function readAuthorityKeyId(draft: Draft, value: DerElement): void {
  const parts = expectTag(value, tags.sequence).children;
  const keyId = parts.find((part) => part.tag === contextTag(0, 'primitive'));
  draft.authorityKeyId = keyId === undefined ? undefined : asBuffer(keyId.content).toString('hex');
}
