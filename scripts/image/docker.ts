// Builds the image by docker, from the Dockerfile, with the labels that `make image` gives it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseImageReference } from './image-reference.ts';
import { readSourceState } from './source-state.ts';

const root = join(import.meta.dirname, '../..');

/** The status of docker. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { reference: { type: 'string' } } });
  const { version, revision } = await readSourceState(root);
  const { written } = parseImageReference(values.reference ?? `istio-ra:${version}`);
  const labels = ['--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${revision}`];
  const docker = spawn('docker', ['build', '--tag', written, ...labels, root], {
    stdio: 'inherit',
  });
  const [status] = (await once(docker, 'close')) as [number | null];
  return status ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isMissing = (error as { code?: unknown }).code === 'ENOENT';
  const reason = error instanceof Error ? error.message : error;
  console.error(isMissing ? 'docker is not installed: "make image" builds without it' : reason);
  process.exitCode = 1;
}
