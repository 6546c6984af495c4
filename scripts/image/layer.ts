// A layer as its files, and the order and the parents that make an archive of them.
import { stat } from 'node:fs/promises';
import type { TarEntry } from './tar-writer.ts';

export interface ImageFile {
  /** Absolute path in the image. */
  readonly path: string;
  /** Absent: 755 for folders and for source files that may be executed, 644 for others. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content:
    | { readonly file: string }
    | { readonly text: string }
    | { readonly bytes: Uint8Array }
    | { readonly link: string }
    | { readonly folder: true };
}

export type Layer = readonly ImageFile[];

/** An entry of a layer's archive and where its bytes come from. */
export interface LayerEntry {
  readonly entry: TarEntry;
  readonly source: { readonly file: string } | { readonly bytes: Uint8Array } | undefined;
}

/**
 * The entries of each layer, sorted, with the folders that nobody listed. Throws for a path that stands
 * twice in a layer, and for one below a file or a link, which would replace it when the image is unpacked.
 */
export async function entriesOf(layers: readonly Layer[]): Promise<readonly LayerEntry[][]> {
  const known = new Map<string, ImageFile>();
  const ordered: LayerEntry[][] = [];
  for (const layer of layers) {
    const files = byPath(layer);
    for (const file of layer) addParents(file, files, known);
    for (const file of files.values()) known.set(file.path, file);
    const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    ordered.push(await Promise.all(sorted.map(entryOf)));
  }
  return ordered;
}

function byPath(layer: Layer): Map<string, ImageFile> {
  const files = new Map<string, ImageFile>();
  for (const file of layer) {
    verifyPath(file.path);
    if (files.has(file.path)) throw new Error(`${file.path} stands twice in a layer`);
    files.set(file.path, file);
  }
  return files;
}

/** Adds the folders above a file that neither its layer nor one below has. */
function addParents(
  file: ImageFile,
  files: Map<string, ImageFile>,
  below: ReadonlyMap<string, ImageFile>,
): void {
  for (const parent of parentsOf(file.path)) {
    const found = files.get(parent) ?? below.get(parent);
    if (found) verifyIsFolder(found, file);
    else files.set(parent, { path: parent, content: { folder: true } });
  }
}

function verifyPath(path: string): void {
  const words = path.split('/').slice(1);
  const isPlain = words.every((word) => word !== '' && word !== '.' && word !== '..');
  if (path.startsWith('/') && words.length > 0 && isPlain) return;
  throw new Error(`write a file of an image as /folder/name; found ${JSON.stringify(path)}`);
}

function parentsOf(path: string): readonly string[] {
  const words = path.split('/').slice(1, -1);
  return words.map((_, index) => `/${words.slice(0, index + 1).join('/')}`);
}

function verifyIsFolder(parent: ImageFile, file: ImageFile): void {
  if ('folder' in parent.content) return;
  const found = 'link' in parent.content ? `a link to ${parent.content.link}` : 'a file';
  throw new Error(`${file.path} cannot be below ${parent.path}, which is ${found}`);
}

async function entryOf(file: ImageFile): Promise<LayerEntry> {
  const { content, uid = 0, gid = 0 } = file;
  const owned = { path: file.path.slice(1), uid, gid };
  if ('folder' in content) {
    const mode = file.mode ?? 0o755;
    return { entry: { ...owned, mode, what: { kind: 'folder' } }, source: undefined };
  }
  if ('link' in content) {
    const what = { kind: 'link', target: content.link } as const;
    return { entry: { ...owned, mode: 0o777, what }, source: undefined };
  }
  const { source, size, usualMode } = await sourceOf(content);
  const mode = file.mode ?? usualMode;
  return { entry: { ...owned, mode, what: { kind: 'file', size } }, source };
}

async function sourceOf(
  content: { file: string } | { text: string } | { bytes: Uint8Array },
): Promise<{ source: LayerEntry['source']; size: number; usualMode: number }> {
  if ('file' in content) {
    const { size, mode } = await stat(content.file);
    return { source: content, size, usualMode: (mode & 0o100) === 0 ? 0o644 : 0o755 };
  }
  const bytes = 'text' in content ? Buffer.from(content.text) : content.bytes;
  return { source: { bytes }, size: bytes.length, usualMode: 0o644 };
}
