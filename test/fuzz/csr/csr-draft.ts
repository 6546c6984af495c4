import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Random } from '../runner/random.ts';
import type { FuzzKey, KeyRing } from './csr-keys.ts';
import { cloneTree, constructed, primitive, readTree, writeTree } from './der-tree.ts';
import type { DerNode } from './der-tree.ts';

/** A request on its way from a good one to a case, stage by stage. */
export interface CsrDraft {
  readonly keys: KeyRing;
  /** CertificationRequestInfo, until it is signed. */
  info: DerNode;
  algorithm: DerNode;
  key: KeyObject;
  hash: string;
  /** Makes the signature octets of what was signed properly. */
  reshapeSignature: (signature: Buffer) => Buffer;
  /** The whole request, once it is signed. */
  outer: DerNode;
  der: Buffer;
  text: string;
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
export const sanOid = hex('551d11');
const extensionRequestOid = hex('2a864886f70d01090e');
const emptySubjects = ['3000', '300b31093007060355040a1300', '300b31093007060355040a0c00'] as const;

/** A Name of the forms that are let in. */
export function goodSubject(random: Random): DerNode {
  return readTree(hex(random.pick(emptySubjects)));
}

const rsaSuffix = { sha256: '0b', sha384: '0c', sha512: '0d' } as const;
const ecdsaSuffix = { sha256: '02', sha384: '03', sha512: '04' } as const;
export const hashes = ['sha256', 'sha384', 'sha512'] as const;

/** The AlgorithmIdentifier that fits the key. */
export function algorithmFor(key: KeyObject, hash: (typeof hashes)[number]): DerNode {
  if (key.asymmetricKeyType === 'rsa') {
    const oid = primitive(0x06, hex(`2a864886f70d0101${rsaSuffix[hash]}`));
    return constructed(0x30, oid, primitive(0x05));
  }
  return constructed(0x30, primitive(0x06, hex(`2a8648ce3d0403${ecdsaSuffix[hash]}`)));
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

function dnsLabel(random: Random): string {
  const length = random.once(10) ? 63 : 1 + random.below(12);
  return Array.from({ length }, () => letters[random.below(letters.length)]).join('');
}

/** The id of some workload. */
export function workloadUri(random: Random): string {
  const domain = random.once(3) ? 'cluster.local' : `${dnsLabel(random)}.${dnsLabel(random)}`;
  return `spiffe://${domain}/ns/${dnsLabel(random)}/sa/${dnsLabel(random)}`;
}

export function uriName(uri: string | Uint8Array): DerNode {
  return primitive(0x86, typeof uri === 'string' ? Buffer.from(uri) : uri);
}

export function extension(oid: Uint8Array, critical: boolean, value: DerNode): DerNode {
  const flag = critical ? [primitive(0x01, hex('ff'))] : [];
  const holder = { ...primitive(0x04), children: [value] };
  return constructed(0x30, primitive(0x06, oid), ...flag, holder);
}

/** A request that is let in: of a random good key, for a random workload. */
export function goodDraft(keys: KeyRing, random: Random): CsrDraft {
  const { key, spki }: FuzzKey = keys.pickGood(random);
  const san = constructed(0x30, uriName(workloadUri(random)));
  const extensions = constructed(0x30, extension(sanOid, random.once(2), san));
  const attribute = constructed(
    0x30,
    primitive(0x06, extensionRequestOid),
    constructed(0x31, extensions),
  );
  const hash = random.once(8) ? random.pick(hashes) : 'sha256';
  return {
    keys,
    info: constructed(
      0x30,
      primitive(0x02, Buffer.alloc(1)),
      goodSubject(random),
      cloneTree(spki),
      constructed(0xa0, attribute),
    ),
    algorithm: algorithmFor(key, hash),
    key,
    hash,
    reshapeSignature: (signature) => signature,
    outer: primitive(0x05),
    der: Buffer.alloc(0),
    text: '',
  };
}

/** Signs what `info` has become and puts the three parts together. */
export function signDraft(draft: CsrDraft): void {
  const signed = writeTree(draft.info);
  const signature = draft.reshapeSignature(signatureOf(draft, signed));
  const unusedBits = Buffer.alloc(1);
  draft.outer = constructed(
    0x30,
    wholeNode(signed),
    draft.algorithm,
    primitive(0x03, Buffer.concat([unusedBits, signature])),
  );
}

function signatureOf({ key, hash }: CsrDraft, signed: Buffer): Buffer {
  const kind = key.asymmetricKeyType ?? '';
  try {
    return sign(kind.startsWith('ed') ? null : hash, signed, key);
  } catch {
    // A key and a hash that do not go together; the gate looks at the key first.
    return Buffer.alloc(64, 1);
  }
}

/** Bytes that are already an element, right or wrong, as a node that is written as it stands. */
function wholeNode(bytes: Buffer): DerNode {
  return { ...primitive(bytes[0] ?? 0x30), verbatim: bytes };
}

/** The parts of `info` that steps aim at; undefined where an earlier step removed them. */
export interface InfoParts {
  readonly attributes: DerNode | undefined;
  /** The set of values of the first attribute. */
  readonly values: DerNode | undefined;
  readonly extensions: DerNode | undefined;
  readonly san: DerNode | undefined;
  readonly names: DerNode | undefined;
}

export function partsOf(info: DerNode): InfoParts {
  const attributes = info.children?.find(({ tag }) => tag === 0xa0);
  const values = childOf(childOf(attributes, 0), 1);
  const extensions = childOf(values, 0);
  const san = extensions?.children?.find((each) => childOf(each, 0)?.content.equals(sanOid));
  const names = childOf(childOf(san, -1), 0);
  return { attributes, values, extensions, san, names };
}

function childOf(node: DerNode | undefined, at: number): DerNode | undefined {
  return node?.children?.at(at);
}
