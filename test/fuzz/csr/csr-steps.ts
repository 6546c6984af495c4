import type { KeyObject } from 'node:crypto';
import type { Random } from '../runner/random.ts';
import type { CsrDraft } from './csr-draft.ts';
import * as draftOf from './csr-draft.ts';
import { partsOf, uriName, workloadUri } from './csr-draft.ts';
import { oddRsaSpki } from './csr-keys.ts';
import { cloneTree, constructed, primitive } from './der-tree.ts';
import type { DerNode } from './der-tree.ts';
import { oddUri } from './odd-uris.ts';

/** Changes a draft before it is signed, with an idea of what its parts mean. */
export type CsrStep = (draft: CsrDraft, random: Random) => void;

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const oid = (text: string): DerNode => primitive(0x06, hex(text));
const text = (tag: number, value: string): DerNode => primitive(tag, Buffer.from(value));

/** Leave a request one that is let in. */
export const neutralSteps: Readonly<Record<string, CsrStep>> = {
  otherWorkload: ({ info }, random) => {
    const { names } = partsOf(info);
    if (names !== undefined) names.children = [uriName(workloadUri(random))];
  },
  subjectForm: ({ info }, random) => info.children?.splice(1, 1, draftOf.goodSubject(random)),
  criticality: ({ info }) => {
    const { san } = partsOf(info);
    if (san?.children?.length === 3) san.children.splice(1, 1);
    else san?.children?.splice(1, 0, primitive(0x01, hex('ff')));
  },
  otherHash: (draft, random) => {
    const hash = random.pick(draftOf.hashes);
    draft.hash = hash;
    draft.algorithm = draftOf.algorithmFor(draft.key, hash);
  },
  absentParameters: ({ key, algorithm }) => {
    if (key.asymmetricKeyType === 'rsa') algorithm.children?.splice(1);
  },
  otherKey: (draft, random) => {
    const { key, spki } = draft.keys.pickGood(random);
    useKey(draft, key, spki);
  },
};

function useKey(draft: CsrDraft, key: KeyObject, spki: DerNode): void {
  draft.key = key;
  draft.hash = 'sha256';
  draft.info.children?.splice(2, 1, cloneTree(spki));
  draft.algorithm = draftOf.algorithmFor(key, 'sha256');
}

const extensionValues: readonly (() => DerNode)[] = [
  () => draftOf.extension(hex('551d13'), true, constructed(0x30, primitive(0x01, hex('ff')))),
  () => draftOf.extension(hex('551d13'), false, constructed(0x30)),
  () => draftOf.extension(hex('551d0f'), true, primitive(0x03, hex('0106'))),
  () => draftOf.extension(hex('551d25'), false, constructed(0x30, oid('2b06010505070302'))),
  () => draftOf.extension(hex('551d0e'), false, primitive(0x04, hex('0102'))),
  () => draftOf.extension(hex('551d12'), false, constructed(0x30, uriName('spiffe://a/ns/b/sa/c'))),
  () => draftOf.extension(hex('2a0304'), true, primitive(0x05)),
  () =>
    draftOf.extension(draftOf.sanOid, false, constructed(0x30, uriName('spiffe://a/ns/b/sa/c'))),
];

const attributes: readonly DerNode[] = [
  constructed(0x30, oid('2a864886f70d010907'), constructed(0x31, text(0x0c, 'secret'))),
  constructed(0x30, oid('2a864886f70d010902'), constructed(0x31, text(0x16, 'name'))),
  constructed(0x30, oid('2a864886f70d01090e'), constructed(0x31, constructed(0x30))),
  constructed(0x30, oid('2b0601040182370d0203'), constructed(0x31, text(0x16, '6.1'))),
];

const otherNames: readonly DerNode[] = [
  text(0x82, 'example.com'),
  text(0x82, 'spiffe://cluster.local/ns/foo/sa/httpbin'),
  text(0x81, 'a@b.c'),
  primitive(0x87, hex('7f000001')),
  primitive(0x87, hex('00000000000000000000000000000001')),
  primitive(0x88, hex('2a0304')),
  constructed(0xa0, oid('2b060104018237140203'), constructed(0xa0, text(0x0c, 'upn'))),
  constructed(0xa4, constructed(0x30)),
  constructed(0xa6, text(0x16, 'spiffe://cluster.local/ns/foo/sa/httpbin')),
  text(0x86, ''),
];

const subjectTypes = [
  '550403',
  '550405',
  '550406',
  '55040a',
  '55040c',
  '2a864886f70d010901',
] as const;

function oddRdn(random: Random): DerNode {
  const tag = random.pick([0x0c, 0x13, 0x14, 0x16, 0x1e]);
  const value = text(tag, random.pick(['', 'x', 'system:masters', 'DE']));
  return constructed(0x31, constructed(0x30, oid(random.pick(subjectTypes)), value));
}

/** The EC point or RSA key of the request, as a node to change. */
function keyBits(info: DerNode): DerNode | undefined {
  return info.children?.[2]?.children?.[1];
}

const pointForms: readonly ((point: Buffer) => Buffer)[] = [
  (point) => Buffer.concat([hex('0002'), point.subarray(2, 1 + (point.length >> 1))]),
  (point) => Buffer.concat([hex('0006'), point.subarray(2)]),
  () => hex('0000'),
  (point) => point.subarray(0, -1),
  (point) => Buffer.concat([point, Buffer.alloc(1)]),
  (point) => Buffer.concat([point.subarray(0, 2), Buffer.alloc(64, 0xff)]),
  (point) => Buffer.concat([point.subarray(0, -1), Buffer.from([(point.at(-1) ?? 0) ^ 1])]),
];

/** Break one rule of the gate each, or nearly. */
export const aimedSteps: Readonly<Record<string, CsrStep>> = {
  version: ({ info }, random) => {
    const octets = random.pick<readonly number[]>([[1], [2], [0xff], [0, 0], [], [1, 0, 0, 0, 0]]);
    info.children?.splice(0, 1, primitive(0x02, Buffer.from(octets)));
  },
  subject: ({ info }, random) => {
    const rdns = Array.from({ length: 1 + random.below(2) }, () => oddRdn(random));
    info.children?.splice(1, 1, constructed(0x30, ...rdns));
  },
  addExtension: ({ info }, random) => {
    const { extensions } = partsOf(info);
    const added = random.pick(extensionValues)?.();
    if (added !== undefined) extensions?.children?.splice(random.below(2), 0, added);
  },
  replaceExtension: ({ info }, random) => {
    const { extensions } = partsOf(info);
    const other = random.pick(extensionValues)?.();
    if (other !== undefined && extensions !== undefined) extensions.children = [other];
  },
  addAttribute: ({ info }, random) => {
    const added = random.pick(attributes);
    if (added !== undefined) {
      partsOf(info).attributes?.children?.splice(random.below(2), 0, cloneTree(added));
    }
  },
  secondValue: ({ info }, random) => {
    const { values, extensions } = partsOf(info);
    if (extensions !== undefined)
      values?.children?.splice(random.below(2), 0, cloneTree(extensions));
  },
  noAttributes: ({ info }, random) => {
    if (random.once(2)) info.children?.splice(3);
    else info.children?.splice(3, 1, constructed(0xa0));
  },
  criticalOctet: ({ info }, random) => {
    const { san } = partsOf(info);
    const flag = primitive(0x01, Buffer.from([random.pick([0x00, 0x01, 0x7f])]));
    san?.children?.splice(1, san.children.length - 2, flag);
  },
  noName: ({ info }) => {
    const { names } = partsOf(info);
    if (names !== undefined) names.children = [];
  },
  addName: ({ info }, random) => {
    const { names } = partsOf(info);
    const added = random.pick(otherNames) ?? uriName(workloadUri(random));
    names?.children?.splice(random.below(2), 0, cloneTree(added));
  },
  twoUris: ({ info }, random) => {
    partsOf(info).names?.children?.splice(random.below(2), 0, uriName(workloadUri(random)));
  },
  otherName: ({ info }, random) => {
    const { names } = partsOf(info);
    const other = random.pick(otherNames);
    if (names !== undefined && other !== undefined) names.children = [cloneTree(other)];
  },
  oddUri: ({ info }, random) => {
    const { names } = partsOf(info);
    if (names !== undefined) names.children = [uriName(oddUri(random))];
  },
  longUri: ({ info }, random) => {
    const { names } = partsOf(info);
    const uri = workloadUri(random).padEnd(2047 + random.below(4), 'x');
    if (names !== undefined) names.children = [uriName(uri)];
  },
  deepSubject: ({ info }, random) => {
    let deep = constructed(0x30);
    for (let level = 12 + random.below(8); level > 0; level -= 1) deep = constructed(0x30, deep);
    info.children?.splice(1, 1, deep);
  },
  oddKey: (draft, random) => {
    const { key, spki } = draft.keys.pickOdd(random);
    useKey(draft, key, spki);
  },
  oddRsaKey: ({ info }, random) => info.children?.splice(2, 1, cloneTree(oddRsaSpki(random))),
  keyOfAnother: ({ info, keys }, random) =>
    info.children?.splice(2, 1, cloneTree(keys.pickGood(random).spki)),
  signedByAnother: (draft, random) => (draft.key = draft.keys.pickGood(random).key),
  pointForm: ({ info }, random) => {
    const bits = keyBits(info);
    if (bits?.children !== undefined || bits === undefined) return;
    bits.content = random.pick(pointForms)?.(bits.content) ?? bits.content;
  },
  keyParameters: ({ info }, random) => {
    const algorithm = info.children?.[2]?.children?.[0]?.children;
    const explicit = constructed(0x30, primitive(0x02, hex('01')), constructed(0x30));
    const other = random.pick([[], [primitive(0x05)], [explicit], [oid('2b81040023')]]);
    algorithm?.splice(1, algorithm.length, ...other);
  },
  algorithm: (draft, random) => {
    const name = random.pick(signatureOids);
    const parameters = random.pick([[], [primitive(0x05)], [constructed(0x30)], [oid('2a')]]);
    draft.algorithm = constructed(0x30, oid(name), ...parameters);
  },
  otherHashThanSaid: (draft, random) => (draft.hash = random.pick(['sha1', 'sha224', 'sha512'])),
};

const signatureOids = [
  '2a864886f70d010102',
  '2a864886f70d010104',
  '2a864886f70d010105',
  '2a864886f70d01010a',
  '2a864886f70d01010b',
  '2a864886f70d01010c',
  '2a864886f70d01010e',
  '2b0e03021d',
  '2a8648ce3d0401',
  '2a8648ce3d040301',
  '2a8648ce3d040302',
  '2a8648ce3d040303',
  '2a8648ce380403',
  '2b6570',
  '2b6571',
] as const;
