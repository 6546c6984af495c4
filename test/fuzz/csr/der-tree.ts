import { asBuffer } from '../../../src/pki/der-values.ts';
import { certificateLimits, parseDer } from '../../../src/pki/der.ts';
import type { DerElement } from '../../../src/pki/der.ts';

/** How a length is written. All but `shortest` are not DER. */
export type LengthForm =
  | { readonly kind: 'shortest' }
  /** Long form with that many zero octets in front. */
  | { readonly kind: 'padded'; readonly zeros: number }
  | { readonly kind: 'indefinite' }
  /** A length that is wrong by so many bytes. */
  | { readonly kind: 'wrong'; readonly by: number };

/** An element that can be changed in any way, right or wrong, and written again. */
export interface DerNode {
  tag: number;
  /** What comes before the children: an unused-bits octet, or all of a primitive's content. */
  content: Buffer;
  /** The elements inside; undefined where there are only bytes. */
  children: DerNode[] | undefined;
  length: LengthForm;
  /** Bytes after the last child. */
  trailing: Buffer;
  /** Written as it stands in place of all else, until a step sets it aside. */
  verbatim?: Buffer | undefined;
}

const noBytes = Buffer.alloc(0);
const shortest: LengthForm = { kind: 'shortest' };

export function primitive(tag: number, content: Uint8Array = noBytes): DerNode {
  return {
    tag,
    content: asBuffer(content),
    children: undefined,
    length: shortest,
    trailing: noBytes,
  };
}

export function constructed(tag: number, ...children: readonly DerNode[]): DerNode {
  return {
    tag,
    content: noBytes,
    children: [...children],
    length: shortest,
    trailing: noBytes,
  };
}

/**
 * The tree of sound DER. What an OCTET STRING or a BIT STRING holds is part of it where it is a
 * SEQUENCE, so that changes reach extension values and RSA keys.
 */
export function readTree(der: Uint8Array): DerNode {
  return fromElement(parseDer(der, certificateLimits));
}

function fromElement(element: DerElement): DerNode {
  if ((element.tag & 0x20) !== 0) {
    return constructed(element.tag, ...element.children.map(fromElement));
  }
  const content = asBuffer(element.content);
  const prefix = element.tag === 0x03 ? 1 : 0;
  const holdsSequence = (element.tag === 0x03 || element.tag === 0x04) && content[prefix] === 0x30;
  const inner = holdsSequence ? soundTree(content.subarray(prefix)) : undefined;
  if (inner === undefined) return primitive(element.tag, content);
  return { ...primitive(element.tag, content.subarray(0, prefix)), children: [inner] };
}

function soundTree(der: Uint8Array): DerNode | undefined {
  try {
    return readTree(der);
  } catch {
    // Bytes that begin like a SEQUENCE by chance.
    return undefined;
  }
}

/** A copy to change. Contents are shared: replace them, never write into them. */
export function cloneTree(node: DerNode): DerNode {
  return { ...node, children: node.children?.map(cloneTree) };
}

export function writeTree(node: DerNode): Buffer {
  if (node.verbatim !== undefined) return node.verbatim;
  const parts =
    node.children === undefined
      ? [node.content, node.trailing]
      : [node.content, ...node.children.map(writeTree), node.trailing];
  const content = Buffer.concat(parts);
  const header = Buffer.from([node.tag & 0xff, ...lengthOctets(node.length, content.length)]);
  const end = node.length.kind === 'indefinite' ? Buffer.alloc(2) : noBytes;
  return Buffer.concat([header, content, end]);
}

function lengthOctets(form: LengthForm, length: number): readonly number[] {
  switch (form.kind) {
    case 'shortest':
      return length < 0x80 ? [length] : longForm(length, 0);
    case 'padded':
      return longForm(length, form.zeros);
    case 'indefinite':
      return [0x80];
    case 'wrong':
      return lengthOctets(shortest, Math.max(0, length + form.by));
  }
}

function longForm(length: number, zeros: number): readonly number[] {
  const octets = Array.from<number>({ length: zeros }).fill(0);
  const hex = length.toString(16);
  octets.push(...Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
  return [0x80 | octets.length, ...octets];
}

/** A node of a tree with its place: enough to replace or remove it. */
export interface Located {
  readonly node: DerNode;
  readonly siblings: DerNode[];
  readonly at: number;
}

/** Every node below `root`, outermost first. */
export function nodesBelow(root: DerNode): readonly Located[] {
  const found: Located[] = [];
  const visit = (siblings: DerNode[]): void => {
    siblings.forEach((node, at) => {
      found.push({ node, siblings, at });
      if (node.children !== undefined) visit(node.children);
    });
  };
  if (root.children !== undefined) visit(root.children);
  return found;
}
