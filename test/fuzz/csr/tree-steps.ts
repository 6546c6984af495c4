import type { Random } from '../runner/random.ts';
import { cloneTree, constructed, nodesBelow, primitive } from './der-tree.ts';
import type { DerNode, Located } from './der-tree.ts';

/** Changes one place of a tree, whatever the tree stands for. */
export type TreeStep = (root: DerNode, random: Random) => void;

type PlaceStep = (place: Located, random: Random, root: DerNode) => void;

const somewhere =
  (step: PlaceStep, fits: (node: DerNode) => boolean = () => true): TreeStep =>
  (root, random) => {
    const place = random.pick(nodesBelow(root).filter(({ node }) => fits(node)));
    if (place !== undefined) step(place, random, root);
  };

const isPrimitive = ({ children }: DerNode): boolean => children === undefined;
const hasTag =
  (tag: number) =>
  (node: DerNode): boolean =>
    node.tag === tag;

/** All universal types, some classes, both forms; what is a tag number in more octets; odd ends. */
const interestingTags = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x09, 0x0a, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18,
  0x1a, 0x1c, 0x1e, 0x1f, 0x10, 0x11, 0x22, 0x23, 0x24, 0x2c, 0x30, 0x31, 0x36, 0x3f, 0x40, 0x80,
  0x81, 0x82, 0x86, 0x87, 0x9f, 0xa0, 0xa1, 0xa3, 0xa4, 0xa6, 0xbf, 0xc0, 0xe0, 0xff,
] as const;

/** Known to somebody, so that they reach code of their own. */
const oidContents = [
  '550403',
  '55040a',
  '2a864886f70d010901',
  '2a864886f70d01090e',
  '2a864886f70d010907',
  '551d0e',
  '551d0f',
  '551d11',
  '551d12',
  '551d13',
  '551d1e',
  '551d25',
  '2a864886f70d010101',
  '2a864886f70d01010a',
  '2a864886f70d010105',
  '2a864886f70d01010b',
  '2a864886f70d01010d',
  '2a8648ce3d0201',
  '2a8648ce3d030107',
  '2b81040022',
  '2b81040023',
  '2b8104000a',
  '2a8648ce3d040301',
  '2a8648ce3d040302',
  '2a8648ce3d040303',
  '2a8648ce3d0401',
  '2b6570',
  '2b6571',
  '2a',
  '80',
  '550480',
  '5504ffffffffffffffffff7f',
].map((hex) => Buffer.from(hex, 'hex'));

const changedContent: PlaceStep = ({ node }, random) => {
  const { content } = node;
  const at = random.below(content.length + 1);
  const [head, tail] = [content.subarray(0, at), content.subarray(at)];
  const changed = [
    () => Buffer.concat([head, random.bytes(1), tail.subarray(1)]),
    () => Buffer.concat([head, random.bytes(1 + random.below(3)), tail]),
    () => Buffer.concat([head, tail.subarray(1 + random.below(4))]),
    () =>
      Buffer.concat([
        head,
        Buffer.from([(tail[0] ?? 0) ^ (1 << random.below(8))]),
        tail.subarray(1),
      ]),
    () => Buffer.alloc(0),
    () => Buffer.concat([content, content]),
    () => Buffer.alloc(content.length, random.pick([0x00, 0xff, 0x41, 0x80])),
    () => random.bytes(random.below(300)),
  ] as const;
  node.content = random.pick(changed)();
};

function nested(node: DerNode, depth: number, random: Random): DerNode {
  let outer = cloneTree(node);
  for (let level = 0; level < depth; level += 1) {
    const tag = random.pick([0x30, 0x31, 0xa0, 0x04, 0xa3]);
    outer = { ...constructed(tag, outer), content: Buffer.alloc(0) };
  }
  return outer;
}

function randomNode(random: Random): DerNode {
  return random.pick([
    () => primitive(0x05),
    () => primitive(0x01, Buffer.from([random.pick([0x00, 0x01, 0xff])])),
    () => primitive(0x02, random.bytes(1 + random.below(8))),
    () => primitive(0x06, random.pick(oidContents)),
    () => primitive(0x0c, Buffer.from('x')),
    () => primitive(random.pick(interestingTags), random.bytes(random.below(8))),
    () => constructed(0x30),
    () => constructed(0x31, primitive(0x05)),
  ] as const)();
}

/** Every kind of change that needs no idea of what the tree means. */
export const treeSteps: Readonly<Record<string, TreeStep>> = {
  delete: somewhere(({ siblings, at }) => siblings.splice(at, 1)),
  duplicate: somewhere(({ node, siblings, at }) => siblings.splice(at, 0, cloneTree(node))),
  swap: somewhere(({ siblings, at }, random) => {
    const other = random.below(siblings.length);
    const [one, two] = [siblings[at], siblings[other]];
    if (one === undefined || two === undefined) return;
    siblings[at] = two;
    siblings[other] = one;
  }),
  copyElsewhere: somewhere(({ siblings, at }, random, root) => {
    const source = random.pick(nodesBelow(root));
    if (source !== undefined) siblings.splice(at, random.below(2), cloneTree(source.node));
  }),
  insert: somewhere(({ siblings, at }, random) => siblings.splice(at, 0, randomNode(random))),
  retag: somewhere(({ node }, random) => {
    node.tag = random.pick([
      random.pick(interestingTags),
      node.tag ^ 0x20,
      node.tag ^ 0x80,
      node.tag ^ (1 << random.below(8)),
    ]);
  }),
  content: somewhere(changedContent, isPrimitive),
  nest: somewhere(({ node, siblings, at }, random) => {
    const depth = random.once(6) ? 8 + random.below(20) : 1 + random.below(3);
    siblings[at] = nested(node, depth, random);
  }),
  flatten: somewhere(({ node, siblings, at }) => {
    siblings.splice(at, 1, ...(node.children ?? []));
  }),
  becomeBytes: somewhere(({ node }, random) => {
    node.children = undefined;
    node.content = random.bytes(random.below(16));
  }),
  paddedLength: somewhere(({ node }, random) => {
    node.length = { kind: 'padded', zeros: random.below(5) };
  }),
  indefiniteLength: somewhere(({ node }) => (node.length = { kind: 'indefinite' })),
  wrongLength: somewhere(({ node }, random) => {
    node.length = { kind: 'wrong', by: random.pick([-2, -1, 1, 2, 100, 70_000]) };
  }),
  trailing: somewhere(({ node }, random) => {
    node.trailing = random.pick([Buffer.alloc(1), Buffer.alloc(2), random.bytes(3)]);
  }),
  many: somewhere(({ siblings, at }, random) => {
    const copies = Array.from({ length: 400 + random.below(300) }, () => primitive(0x05));
    siblings.splice(at, 0, ...copies);
  }),
  oid: somewhere(
    ({ node }, random) => (node.content = random.pick(oidContents) ?? node.content),
    hasTag(0x06),
  ),
  boolean: somewhere(
    ({ node }, random) =>
      (node.content = Buffer.from(
        random.pick<readonly number[]>([[0x00], [0x01], [0x7f], [], [0xff, 0xff]]),
      )),
    hasTag(0x01),
  ),
  integer: somewhere(({ node }, random) => {
    const { content } = node;
    node.content = random.pick([
      Buffer.concat([Buffer.alloc(1), content]),
      Buffer.concat([Buffer.from([0xff]), content]),
      Buffer.from([0x80 | random.below(128)]),
      Buffer.alloc(0),
      Buffer.from([random.below(4)]),
    ]);
  }, hasTag(0x02)),
  unusedBits: somewhere(({ node }, random) => {
    node.content = Buffer.concat([
      Buffer.from([random.pick([1, 7, 8, 255])]),
      node.content.subarray(1),
    ]);
  }, hasTag(0x03)),
};
