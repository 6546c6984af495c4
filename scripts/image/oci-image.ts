// An OCI image (image-spec v1.1) and the archive that container runtimes load.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseImageReference } from './image-reference.ts';
import { entriesOf, type Layer, type LayerEntry } from './layer.ts';
import { digestOf, layerArchive, type Digest } from './layer-archive.ts';
import { padding, tarEnd, tarHeader } from './tar-writer.ts';

export type { ImageFile, Layer } from './layer.ts';

export interface ImageConfig {
  readonly user?: string;
  /** `NAME=value` each. */
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly workingDir?: string;
  /** Such as `15012/tcp`. */
  readonly exposedPorts?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ImageDescription {
  /** `[registry/]repository:tag` */
  readonly reference: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
  /** Seconds since 1970. */
  readonly created: number;
}

/** A descriptor of the image specification. */
export interface Descriptor extends Digest {
  readonly mediaType: string;
  readonly platform?: { readonly architecture: string; readonly os: 'linux' };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A blob that is small enough to be held, and its descriptor. */
export interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  gzipLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** The file `oci-layout`, which says that what stands beside it is an image layout. */
export const layoutMarker = JSON.stringify({ imageLayoutVersion: '1.0.0' });

/**
 * Writes one tar archive that is an OCI image layout and has the `manifest.json` of `docker save` besides, so
 * that `docker load`, `ctr images import` and `skopeo` (`oci-archive:`) take it. Its layers are not
 * compressed. The file is replaced whole. Returns the digest of the image's config, which is its id.
 */
export async function writeImageArchive(file: string, image: ImageDescription): Promise<string> {
  const reference = parseImageReference(image.reference);
  const layers = await entriesOf(image.layers);
  const digests = await Promise.all(layers.map((entries) => digestOf(layerArchive(entries))));
  const config = imageConfig(image, digests);
  const manifest = imageManifest(config, digests, mediaTypes.layer);
  const saved = [
    {
      Config: blobPath(config.descriptor),
      RepoTags: [reference.written],
      Layers: digests.map(blobPath),
    },
  ];
  const documents: readonly (readonly [string, Buffer])[] = [
    ['index.json', imageIndex([named(manifest.descriptor, image.reference)]).bytes],
    ['manifest.json', Buffer.from(JSON.stringify(saved))],
    ['oci-layout', Buffer.from(layoutMarker)],
    [blobPath(config.descriptor), config.bytes],
    [blobPath(manifest.descriptor), manifest.bytes],
  ];
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.part`;
  try {
    await pipeline(archive(documents, layers, digests), createWriteStream(unfinished));
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
  return config.descriptor.digest;
}

async function* archive(
  documents: readonly (readonly [string, Buffer])[],
  layers: readonly (readonly LayerEntry[])[],
  digests: readonly Digest[],
): AsyncGenerator<Uint8Array> {
  for (const folder of ['blobs', 'blobs/sha256']) {
    yield tarHeader({ path: folder, mode: 0o755, uid: 0, gid: 0, what: { kind: 'folder' } });
  }
  for (const [path, bytes] of documents) {
    yield* [fileHeader(path, bytes.length), bytes, padding(bytes.length)];
  }
  const written = new Set<string>();
  for (const [index, digest] of digests.entries()) {
    if (written.has(digest.digest)) continue;
    written.add(digest.digest);
    yield fileHeader(blobPath(digest), digest.size);
    yield* layerArchive(layers[index] ?? []);
    yield padding(digest.size);
  }
  yield tarEnd();
}

function fileHeader(path: string, size: number): Buffer {
  return tarHeader({ path, mode: 0o644, uid: 0, gid: 0, what: { kind: 'file', size } });
}

/** The path of a blob in a layout. */
export function blobPath({ digest }: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** What a runtime needs to know of an image; `layers` are the digests of the uncompressed archives. */
export function imageConfig(image: ImageDescription, layers: readonly Digest[]): Blob {
  const { config } = image;
  const ports = config.exposedPorts?.map((port) => [port, {}] as const);
  return jsonBlob(mediaTypes.config, {
    created: new Date(image.created * 1000).toISOString().replace('.000Z', 'Z'),
    architecture: image.architecture,
    os: 'linux',
    config: {
      User: config.user,
      ExposedPorts: ports && Object.fromEntries(ports),
      Env: config.env,
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      WorkingDir: config.workingDir,
      Labels: config.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
}

export function imageManifest(config: Blob, layers: readonly Digest[], layerType: string): Blob {
  return jsonBlob(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: config.descriptor,
    layers: layers.map(({ digest, size }) => ({ mediaType: layerType, digest, size })),
  });
}

export function imageIndex(manifests: readonly Descriptor[]): Blob {
  return jsonBlob(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests,
  });
}

/** A descriptor with the names by which containerd, docker and skopeo find it. */
export function named(descriptor: Descriptor, reference: string): Descriptor {
  const { full, tag } = parseImageReference(reference);
  const annotations = {
    'io.containerd.image.name': full,
    'org.opencontainers.image.ref.name': tag,
  };
  return { ...descriptor, annotations };
}

function jsonBlob(mediaType: string, value: unknown): Blob {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}
