// Assembles what the image holds beyond its base, without a daemon: the last stage of the Dockerfile says
// which files go where, and Node comes from the lockfile. Prints the image's entry point, command and user.
import { cp, mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const target = process.argv[2] ?? join(root, '.cache', 'image-rootfs');

/** The build stage works here; its files are those of this repository. */
const buildFolder = '/src/';

const lastStage = (await readFile(join(root, 'Dockerfile'), 'utf8')).split(/^FROM .*$/m).at(-1);
const instructions = lastStage
  .split('\n')
  .map((line) => /^([A-Z]+) (.+)$/.exec(line)?.slice(1))
  .filter((instruction) => instruction !== undefined);
const valueOf = (name) => instructions.find(([instruction]) => instruction === name)?.[1];

/** Source and destination of each file or folder that the stage copies. */
function copies() {
  return instructions
    .filter(([instruction]) => instruction === 'COPY')
    .map(([, words]) => {
      const [, source, destination] = /^--from=build (\S+) (\S+)$/.exec(words) ?? [];
      if (!source?.startsWith(buildFolder)) throw new Error(`cannot follow: COPY ${words}`);
      return [join(root, source.slice(buildFolder.length)), destination];
    });
}

/** Node as the lockfile brings it, or whichever runs this where it brings none. */
const node = await realpath(join(root, 'node_modules/.bin/node')).catch(() => process.execPath);
const entrypoint = JSON.parse(valueOf('ENTRYPOINT'));

await rm(target, { recursive: true, force: true });
for (const [source, destination] of [...copies(), [node, entrypoint[0]]]) {
  await mkdir(dirname(join(target, destination)), { recursive: true });
  await cp(source, join(target, destination), { recursive: true });
}
const [uid, gid] = valueOf('USER').split(':').map(Number);
console.log(JSON.stringify({ target, entrypoint, command: JSON.parse(valueOf('CMD')), uid, gid }));
