// Builds the image once for all tests of its files. Jest loads this file itself, without our transform; Node
// strips the types of the rest.
import { rm } from 'node:fs/promises';

export default async function buildImage() {
  const { builtImageOrReason } = await import('./support/built-image.ts');
  const found = await builtImageOrReason((line) => process.stderr.write(`${line}\n`));
  if ('folder' in found) process.env.CHART_IMAGE = found.folder;
  else process.stderr.write(`\nTHE IMAGE IS NOT TESTED: ${found.reason}\n\n`);
}

export async function removeImage() {
  if (process.env.CHART_IMAGE) await rm(process.env.CHART_IMAGE, { recursive: true, force: true });
}
