import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { layerArchive } from '../../../scripts/image/layer-archive.ts';
import { entriesOf } from '../../../scripts/image/layer.ts';
import type { ImageFile, Layer } from '../../../scripts/image/layer.ts';
import { readTar } from '../../../scripts/image/tar-reader.ts';

const file = (path: string): ImageFile => ({ path, content: { text: path } });
const folder = (path: string, mode = 0o755): ImageFile => ({
  path,
  mode,
  content: { folder: true },
});
const link = (path: string, target: string): ImageFile => ({ path, content: { link: target } });

async function pathsOf(...layers: readonly Layer[]): Promise<readonly (readonly string[])[]> {
  const ordered = await entriesOf(layers);
  return ordered.map((entries) => entries.map(({ entry }) => entry.path));
}

describe('a layer', () => {
  it('has the folders above its files, in order', async () => {
    await expect(pathsOf([file('/b/c/d'), file('/a')])).resolves.toEqual([
      ['a', 'b', 'b/c', 'b/c/d'],
    ]);
  });

  it('leaves a folder of a layer below as it is', async () => {
    const paths = await pathsOf([folder('/tmp', 0o1777)], [file('/tmp/x')]);
    expect(paths).toEqual([['tmp'], ['tmp/x']]);
  });

  it('is the same archive whatever the order of its files', async () => {
    const bytes = async (...files: Layer): Promise<string> => {
      const [entries = []] = await entriesOf([files]);
      return text(layerArchive(entries));
    };
    expect(await bytes(file('/a'), file('/b/c'))).toBe(await bytes(file('/b/c'), file('/a')));
  });

  it('is of root, and for all to read', async () => {
    const [entries = []] = await entriesOf([[file('/a/b')]]);
    const members = readTar(Buffer.from(await text(layerArchive(entries))));
    expect(members).toMatchObject([
      { path: 'a', mode: 0o755, uid: 0, gid: 0 },
      { path: 'a/b', mode: 0o644, uid: 0, gid: 0 },
    ]);
  });

  it.each([
    ['a path without a slash at the front', 'etc/x'],
    ['a path with ..', '/etc/../x'],
    ['a path that ends with a slash', '/etc/'],
    ['the root', '/'],
  ])('refuses %s', async (_, path) => {
    await expect(pathsOf([file(path)])).rejects.toThrow(
      `write a file of an image as /folder/name; found "${path}"`,
    );
  });

  it('refuses a path that stands in it twice', async () => {
    await expect(pathsOf([file('/a'), file('/a')])).rejects.toThrow('/a stands twice in a layer');
  });

  it('refuses a file below a link, which would replace the link', async () => {
    const layers = [[link('/bin', 'usr/bin')], [file('/bin/sh')]];
    await expect(pathsOf(...layers)).rejects.toThrow(
      '/bin/sh cannot be below /bin, which is a link to usr/bin',
    );
  });

  it('refuses a file below a file', async () => {
    await expect(pathsOf([file('/a'), file('/a/b')])).rejects.toThrow(
      '/a/b cannot be below /a, which is a file',
    );
  });
});
