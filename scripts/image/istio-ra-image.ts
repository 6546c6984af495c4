// The image of istio-ra. The Dockerfile describes the same one for who builds with docker;
// test/chart/image/dockerfile.test.ts holds the two together.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { accountFiles } from './accounts.ts';
import { debianLayer } from './debian-base.ts';
import type { Architecture } from './debian-lock.ts';
import { programs } from './left-out.ts';
import { nodeLayer } from './node-package.ts';
import type { ImageConfig, ImageDescription, ImageFile, Layer } from './oci-image.ts';
import type { SourceState } from './source-state.ts';

export interface IstioRaImageOptions {
  /** The folder of this repository. */
  readonly root: string;
  /** The folder that scripts/build.js has written. */
  readonly dist: string;
  /** Path of the lock of Debian packages. */
  readonly lock: string;
  readonly reference: string;
  readonly architecture: Architecture;
  readonly source: SourceState;
  readonly log: (line: string) => void;
}

/** Debian's files, Node and our own, a layer each, so that what changes seldom is pulled seldom. */
export async function describeIstioRaImage(
  options: IstioRaImageOptions,
): Promise<ImageDescription> {
  const { root, lock, reference, architecture, source, log } = options;
  const debian = await debianLayer({ lock, architecture, log, leaveOut: programs });
  const accounts = accountFiles([{ name: 'nonroot', id: 65532, home: '/home/nonroot' }]);
  const node = await nodeLayer({ root, architecture, log });
  const layers = [[...debian, ...accounts], node, await ownFiles(options)];
  return { reference, architecture, layers, config: configOf(source), created: source.created };
}

async function ownFiles({ root, dist }: IstioRaImageOptions): Promise<Layer> {
  const folders = [
    await filesBelow(dist, '/app/dist'),
    await filesBelow(join(root, 'proto'), '/app/proto'),
    await filesBelow(join(root, 'page'), '/app/page'),
  ];
  const launcher = join(root, 'scripts/image/istio-ra');
  return [
    ...folders.flat(),
    { path: '/app/LICENSE', content: { file: join(root, 'LICENSE') } },
    { path: '/usr/local/bin/istio-ra', mode: 0o755, content: { file: launcher } },
  ];
}

async function filesBelow(source: string, target: string): Promise<readonly ImageFile[]> {
  const found = await readdir(source, { recursive: true, withFileTypes: true });
  const files = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => ({ path: target + file.slice(source.length), content: { file } }));
}

function configOf({ version, revision }: SourceState): ImageConfig {
  return {
    user: '65532:65532',
    env: [
      'PATH=/usr/local/bin:/nodejs/bin',
      'MALLOC_ARENA_MAX=1',
      'MALLOC_MMAP_THRESHOLD_=32768',
      'MALLOC_TRIM_THRESHOLD_=32768',
      'MALLOC_TOP_PAD_=0',
    ],
    entrypoint: [
      '/nodejs/bin/node',
      '--unhandled-rejections=throw',
      '--disable-proto=delete',
      '--max-semi-space-size=4',
      '--heap-growing-percent=30',
      '--expose-gc',
      '/app/dist/istio-ra.js',
    ],
    command: ['serve'],
    workingDir: '/',
    exposedPorts: ['15012/tcp', '15014/tcp', '8080/tcp'],
    labels: {
      'org.opencontainers.image.title': 'istio-ra',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': revision,
    },
  };
}
