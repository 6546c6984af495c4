import * as writer from '../../support/certificate-writer.ts';
import { extension, spkiOf, storedKey, uriName, workloadUri } from '../../support/csr-writer.ts';
import * as der from '../../support/der-writer.ts';
import { byteSteps } from '../csr/byte-steps.ts';
import type { ByteStep } from '../csr/byte-steps.ts';
import {
  cloneTree,
  constructed,
  nodesBelow,
  primitive,
  readTree,
  writeTree,
} from '../csr/der-tree.ts';
import type { DerNode } from '../csr/der-tree.ts';
import { treeSteps } from '../csr/tree-steps.ts';
import type { TreeStep } from '../csr/tree-steps.ts';
import { Random } from '../runner/random.ts';

/** Bytes for the reader of certificates, and how they came about. */
export interface CertificateCase {
  readonly der: Buffer;
  readonly steps: readonly string[];
}

const text = (tag: number, value: string): Buffer => der.contextPrimitive(tag, Buffer.from(value));

/** A certificate of each kind that there is, with every extension that is read. */
const goodCertificates: readonly DerNode[] = [
  writer.writeCertificate(),
  writer.writeCertificate({
    extensions: [
      writer.subjectAltNames(
        uriName(workloadUri),
        text(2, 'example.com'),
        text(1, 'a@b.c'),
        der.contextPrimitive(7, Buffer.from([127, 0, 0, 1])),
        der.contextPrimitive(7, Buffer.alloc(16, 1)),
      ),
      writer.keyUsage(0xa0, 5),
      extension(
        '2.5.29.37',
        der.sequence(der.oid('1.3.6.1.5.5.7.3.1'), der.oid('1.3.6.1.5.5.7.3.2')),
      ),
      extension('2.5.29.14', der.octetString(Buffer.alloc(20, 1))),
      extension('2.5.29.35', der.sequence(der.contextPrimitive(0, Buffer.alloc(20, 2)))),
    ],
  }),
  writer.writeCertificate({
    ...{ issuerKey: storedKey('rsa-2048'), spki: spkiOf(storedKey('rsa-2048')) },
    subject: writer.commonName('root'),
    extensions: [
      writer.basicConstraints(der.boolean(0xff), der.integer(1)),
      writer.keyUsage(0x06, 1),
    ],
  }),
  writer.writeCertificate({ version: Buffer.alloc(0), optionalFields: [] }),
  writer.writeCertificate({
    notAfter: der.element(0x18, Buffer.from('20510101000000Z')),
    optionalFields: [
      text(1, '\0unique'),
      der.context(
        3,
        der.sequence(extension('1.2.3.4', der.nullValue()), ...writer.authorityExtensions()),
      ),
    ],
  }),
].map(readTree);

const times = [
  '260101000000Z',
  '500101000000Z',
  '20500101000000Z',
  '260230000000Z',
  '260101240000Z',
  '260101000060Z',
  '2601010000Z',
  '260101000000+0100',
  '20260101000000.5Z',
  '00000101000000Z',
  '99991231235959Z',
  '',
] as const;

const isTime = ({ tag }: DerNode): boolean => tag === 0x17 || tag === 0x18;

/** Where a certificate differs from a request. */
const aimedSteps: Readonly<Record<string, TreeStep>> = {
  time: (root, random) => {
    const place = random.pick(nodesBelow(root).filter(({ node }) => isTime(node)));
    if (place === undefined) return;
    const value = random.pick(times);
    place.node.tag = value.length > 13 ? 0x18 : random.pick([0x17, 0x17, 0x18]);
    place.node.content = Buffer.from(value);
  },
  extensionOf: (root, random) => {
    const other = random.pick(extensionsBelow(random.pick(goodCertificates) ?? root));
    const place = random.pick(extensionsBelow(root));
    if (place !== undefined && other !== undefined) {
      place.siblings.splice(place.at, random.below(2), cloneTree(other.node));
    }
  },
  keyUsage: (root, random) => {
    const bits = nodesBelow(root).filter(
      ({ node }) => node.tag === 0x03 && node.content.length < 4,
    );
    const place = random.pick(bits);
    if (place !== undefined)
      place.node.content = Buffer.concat([
        Buffer.from([random.below(8)]),
        random.bytes(random.below(3)),
      ]);
  },
  name: (root, random) => {
    const names = nodesBelow(root).filter(({ node }) => (node.tag & 0xc0) === 0x80);
    const place = random.pick(names);
    if (place !== undefined) {
      place.node.tag = 0x80 | random.below(9);
      place.node.content = random.pick([
        random.bytes(random.below(20)),
        Buffer.from(workloadUri),
        Buffer.from('a\0b'),
      ]);
    }
  },
};

const extensionsBelow = (root: DerNode): ReturnType<typeof nodesBelow> =>
  nodesBelow(root).filter(({ node }) => {
    const [oid, ...rest] = node.children ?? [];
    return node.tag === 0x30 && oid?.tag === 0x06 && rest.at(-1)?.tag === 0x04;
  });

const tree = [
  ...Object.entries(aimedSteps),
  ...Object.entries(aimedSteps),
  ...Object.entries(treeSteps),
];
const bytes: readonly (readonly [string, ByteStep])[] = Object.entries(byteSteps);
const stream = 3;

export function makeCertificateCase(seed: number, index: number): CertificateCase {
  const random = new Random(seed, stream, index);
  const holder = constructed(0x30, cloneTree(random.pick(goodCertificates) ?? primitive(0x05)));
  const steps: string[] = [];
  const count = random.once(10) ? 0 : 1 + random.below(3);
  for (let step = 0; step < count; step += 1) {
    const [name, run] = random.pick(tree) ?? ['none', (): void => undefined];
    run(holder, random);
    steps.push(name);
  }
  let written = Buffer.concat((holder.children ?? []).map(writeTree));
  if (random.once(6)) {
    const [name, run] = random.pick(bytes) ?? ['none', (same: Buffer): Buffer => same];
    written = Buffer.from(run(written, random));
    steps.push(name);
  }
  return { der: written, steps };
}
