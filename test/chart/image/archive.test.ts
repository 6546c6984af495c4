import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { architectures, type Architecture } from '../../../scripts/image/debian-lock.ts';
import { buildImage } from '../support/built-image.ts';
import { archiveOf, configOf, output, savedManifest } from '../support/unpacked-image.ts';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Index {
  readonly manifests: readonly Descriptor[];
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

const layout = (): string => join(output(), 'oci');

function json(...path: readonly string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'));
}

function blob(folder: string, { digest }: Descriptor): unknown {
  return json(folder, 'blobs', ...digest.split(':'));
}

/** The manifest of an architecture in the layout. */
function manifestOf(architecture: Architecture): Manifest {
  const [top] = (json(layout(), 'index.json') as Index).manifests;
  const index = top && (blob(layout(), top) as Index);
  const found = index?.manifests.find(({ platform }) => platform?.architecture === architecture);
  if (found === undefined) throw new Error(`the layout has no image for ${architecture}`);
  return blob(layout(), found) as Manifest;
}

async function sha256(file: string, unpack = false): Promise<string> {
  const hash = createHash('sha256');
  const source = createReadStream(file);
  await (unpack ? pipeline(source, createGunzip(), hash) : pipeline(source, hash));
  return `sha256:${hash.digest('hex')}`;
}

describe.each(architectures)('the archive for %s', (architecture) => {
  it('is loaded under its name by docker and by containerd', () => {
    const folder = archiveOf(architecture);
    expect(savedManifest(architecture).RepoTags).toEqual(['istio-ra:test']);
    expect(json(folder, 'oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
    expect((json(folder, 'index.json') as Index).manifests).toMatchObject([
      {
        annotations: {
          'io.containerd.image.name': 'docker.io/library/istio-ra:test',
          'org.opencontainers.image.ref.name': 'test',
        },
      },
    ]);
  });

  it('has blobs by their own hash alone', async () => {
    const folder = join(archiveOf(architecture), 'blobs/sha256');
    const names = readdirSync(folder);
    // Config, manifest and three layers.
    expect(names).toHaveLength(5);
    const hashes = await Promise.all(names.map((name) => sha256(join(folder, name))));
    expect(hashes).toEqual(names.map((name) => `sha256:${name}`));
  });

  it('has the same image for docker and for containerd', () => {
    const folder = archiveOf(architecture);
    const [descriptor] = (json(folder, 'index.json') as Index).manifests;
    const manifest = descriptor && (blob(folder, descriptor) as Manifest);
    const saved = savedManifest(architecture);
    const path = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`;
    expect(manifest && path(manifest.config)).toBe(saved.Config);
    expect(manifest?.layers.map(path)).toEqual(saved.Layers);
  });

  it('has the same image as the layout, whose layers are compressed', async () => {
    const { config, layers } = manifestOf(architecture);
    expect(savedManifest(architecture).Config).toBe(`blobs/${config.digest.replace(':', '/')}`);
    const files = layers.map(({ digest }) => join(layout(), 'blobs', ...digest.split(':')));
    const unpacked = await Promise.all(files.map((file) => sha256(file, true)));
    expect(unpacked).toEqual(configOf(architecture).rootfs.diff_ids);
    expect(layers.map(({ mediaType }) => mediaType)).toEqual(
      Array(3).fill('application/vnd.oci.image.layer.v1.tar+gzip'),
    );
  });

  it('says for whom it is', () => {
    expect(configOf(architecture)).toMatchObject({ architecture, os: 'linux' });
  });
});

describe('the layout', () => {
  it('has one image for both architectures under one name', () => {
    const { manifests } = json(layout(), 'index.json') as Index;
    expect(manifests).toHaveLength(1);
    expect(manifests[0]?.annotations?.['org.opencontainers.image.ref.name']).toBe('test');
    const [top] = manifests;
    expect(top && (blob(layout(), top) as Index).manifests.map(({ platform }) => platform)).toEqual(
      architectures.map((architecture) => ({ architecture, os: 'linux' })),
    );
  });

  it('has blobs by their own hash alone, each of which is needed', async () => {
    const folder = join(layout(), 'blobs/sha256');
    const names = readdirSync(folder);
    const hashes = await Promise.all(names.map((name) => sha256(join(folder, name))));
    expect(hashes).toEqual(names.map((name) => `sha256:${name}`));
    const [top] = (json(layout(), 'index.json') as Index).manifests;
    const index = top && (blob(layout(), top) as Index);
    const images = (index?.manifests ?? []).flatMap((descriptor) => {
      const { config, layers } = blob(layout(), descriptor) as Manifest;
      return [descriptor, config, ...layers];
    });
    const needed = [top, ...images].map((descriptor) => descriptor?.digest);
    expect([...new Set(needed)].sort()).toEqual([...hashes].sort());
  });
});

describe('two builds of one commit', () => {
  it('have the same bytes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'istio-ra-image-again-'));
    try {
      await buildImage(folder, () => undefined);
      expect(await allHashes(join(folder, 'image'))).toEqual(await allHashes(output()));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 600_000);
});

/** Path and hash of each file below a folder. */
async function allHashes(folder: string): Promise<readonly string[]> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const hashes = await Promise.all(
    files.map(async (file) => `${file.slice(folder.length)} ${await sha256(file)}`),
  );
  return hashes.sort();
}
