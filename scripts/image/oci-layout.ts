// An OCI image layout: a folder with an image for each architecture, its layers compressed for a registry.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { entriesOf, type LayerEntry } from './layer.ts';
import { layerArchive, type Digest } from './layer-archive.ts';
import { blobPath, imageConfig, imageIndex, imageManifest, named } from './oci-image.ts';
import { layoutMarker, mediaTypes, type Blob, type Descriptor } from './oci-image.ts';
import type { ImageDescription } from './oci-image.ts';

/**
 * Writes the images under one reference, which they share; a folder of that name is replaced. Returns the digest
 * of the index that has them all, by which a registry will know them.
 */
export async function writeImageLayout(
  folder: string,
  images: readonly ImageDescription[],
): Promise<string> {
  const references = new Set(images.map(({ reference }) => reference));
  const [reference] = references;
  if (reference === undefined || references.size > 1) {
    throw new Error(`images of one layout have one reference; found ${references.size}`);
  }
  const unfinished = `${folder}.${process.pid}.part`;
  try {
    await mkdir(join(unfinished, 'blobs', 'sha256'), { recursive: true });
    const manifests: Descriptor[] = [];
    for (const image of images) manifests.push(await writeImage(unfinished, image));
    const index = imageIndex(manifests);
    await writeBlob(unfinished, index);
    const top = imageIndex([named(index.descriptor, reference)]);
    await writeFile(join(unfinished, 'index.json'), top.bytes);
    await writeFile(join(unfinished, 'oci-layout'), layoutMarker);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
    return index.descriptor.digest;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function writeImage(folder: string, image: ImageDescription): Promise<Descriptor> {
  const layers = await entriesOf(image.layers);
  const written = await Promise.all(
    layers.map((entries, index) => writeLayer(folder, entries, `${image.architecture}-${index}`)),
  );
  const config = imageConfig(
    image,
    written.map(({ archive }) => archive),
  );
  const blobs = written.map(({ blob }) => blob);
  const manifest = imageManifest(config, blobs, mediaTypes.gzipLayer);
  await writeBlob(folder, config);
  await writeBlob(folder, manifest);
  const platform = { architecture: image.architecture, os: 'linux' } as const;
  return { ...manifest.descriptor, platform };
}

async function writeBlob(folder: string, { descriptor, bytes }: Blob): Promise<void> {
  await writeFile(join(folder, blobPath(descriptor)), bytes);
}

interface WrittenLayer {
  /** Of the tar archive. */
  readonly archive: Digest;
  /** Of its compressed form. */
  readonly blob: Digest;
}

/**
 * gzip of the system, since zlib's output in Node depends on what the processor can do, and two machines would
 * make two images.
 */
async function writeLayer(
  folder: string,
  entries: readonly LayerEntry[],
  name: string,
): Promise<WrittenLayer> {
  const unfinished = join(folder, `${name}.part`);
  const gzip = spawn('gzip', ['--no-name', '--stdout'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(gzip, 'close') as Promise<[number | null]>;
  const archive = new DigestMeter();
  const blob = new DigestMeter();
  await Promise.all([
    pipeline(Readable.from(archive.measure(layerArchive(entries))), gzip.stdin),
    pipeline(blob.measure(gzip.stdout), createWriteStream(unfinished)),
    ended.then(([status]) => {
      if (status !== 0) throw new Error(`gzip ended with ${String(status)}`);
    }),
  ]);
  await rename(unfinished, join(folder, blobPath(blob.digest())));
  return { archive: archive.digest(), blob: blob.digest() };
}

/** Measures what passes through it. */
class DigestMeter {
  readonly #hash = createHash('sha256');
  #size = 0;

  async *measure(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
      this.#hash.update(chunk);
      this.#size += chunk.length;
      yield chunk;
    }
  }

  /** Of all that has passed. */
  digest(): Digest {
    return { digest: `sha256:${this.#hash.copy().digest('hex')}`, size: this.#size };
  }
}
