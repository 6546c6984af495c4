// Builds the image of istio-ra for both architectures, without a daemon and without a registry.
import { stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { architectures } from './debian-lock.ts';
import { parseImageReference } from './image-reference.ts';
import { describeIstioRaImage } from './istio-ra-image.ts';
import { writeImageArchive, type ImageDescription } from './oci-image.ts';
import { writeImageLayout } from './oci-layout.ts';
import { readSourceState } from './source-state.ts';

const root = join(import.meta.dirname, '../..');
const log = (line: string): void => console.log(line);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      /** `[registry/]repository:tag`; absent: istio-ra and the version. */
      reference: { type: 'string' },
      out: { type: 'string', default: join(root, '.cache/image') },
      dist: { type: 'string', default: join(root, 'dist') },
      lock: { type: 'string', default: join(root, 'scripts/image/debian.lock.json') },
    },
  });
  const source = await readSourceState(root);
  const reference = values.reference ?? `istio-ra:${source.version}`;
  const { tag, written } = parseImageReference(reference);
  await stat(join(values.dist, 'istio-ra.js')).catch(() => {
    throw new Error(`there is no bundle in ${values.dist}: run "make build" first`);
  });
  const name = basename(written.slice(0, -tag.length - 1));
  const images: ImageDescription[] = [];
  for (const architecture of architectures) {
    const { dist, lock } = values;
    const common = { root, dist, lock, reference, source, log };
    const image = await describeIstioRaImage({ ...common, architecture });
    const file = join(values.out, `${name}-${tag}-${architecture}.tar`);
    log(`${shown(file)}: ${await writeImageArchive(file, image)}`);
    images.push(image);
  }
  const folder = join(values.out, 'oci');
  log(`${shown(folder)}: ${await writeImageLayout(folder, images)}`);
  log(`${reference} of commit ${source.revision}`);
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
