// The bytes of a layer's archive, made anew each time they are asked for: no copy of them is kept.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { LayerEntry } from './layer.ts';
import { padding, tarEnd, tarHeader } from './tar-writer.ts';

/** An uncompressed tar archive. Throws where a file changes its size meanwhile. */
export async function* layerArchive(entries: readonly LayerEntry[]): AsyncGenerator<Uint8Array> {
  for (const { entry, source } of entries) {
    yield tarHeader(entry);
    if (source === undefined || entry.what.kind !== 'file') continue;
    let written = 0;
    for await (const chunk of 'file' in source ? createReadStream(source.file) : [source.bytes]) {
      const bytes = chunk as Uint8Array;
      written += bytes.length;
      yield bytes;
    }
    if (written !== entry.what.size) {
      throw new Error(`${entry.path} changed its size while the image was written`);
    }
    yield padding(entry.what.size);
  }
  yield tarEnd();
}

/** What names a blob. */
export interface Digest {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly size: number;
}

export async function digestOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Digest> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}
