// Builds dist/istio-ra.js, the one file that runs in production. Node strips no types under
// node_modules and loading the packages one by one takes most of a second, so what ships is a bundle.
// `--outdir` builds elsewhere, `--source-maps` adds maps, for a profile of what ships.
import { chmod, cp, readFile, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const { values: options } = parseArgs({
  options: {
    outdir: { type: 'string', default: `${root}dist` },
    'source-maps': { type: 'boolean', default: false },
  },
});
const { outdir } = options;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));

/** These packages only declare things, but do not say so: unused parts of them would stay in. */
const withoutSideEffects = /node_modules\/@kubernetes\/client-node\//;
const dropUnused = {
  name: 'drop-unused',
  setup(bundler) {
    bundler.onResolve({ filter: /.*/ }, async ({ path, ...options }) => {
      if (options.pluginData === 'resolved') return undefined;
      const found = await bundler.resolve(path, { ...options, pluginData: 'resolved' });
      return withoutSideEffects.test(found.path) ? { ...found, sideEffects: false } : undefined;
    });
  },
};

/** These packages read .proto files beside their own code; in the bundle they find copies in dist/vendor. */
const protoFolders = ['grpc-health-check/proto', '@grpc/reflection/build/proto/grpc'];
const protoReaders = /node_modules\/(grpc-health-check|@grpc\/reflection)\/.*\.js$/;
const findProtoFiles = {
  name: 'find-proto-files',
  setup(bundler) {
    bundler.onLoad({ filter: protoReaders }, async ({ path }) => {
      const folder = dirname(relative(`${root}node_modules`, path));
      const source = await readFile(path, 'utf8');
      const here = `const __dirname = __bundleDirectory + ${JSON.stringify(`/vendor/${folder}`)};`;
      return {
        contents: source.includes('__dirname') ? `${here}\n${source}` : source,
        loader: 'js',
      };
    });
  },
};

await rm(outdir, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  // What only some commands or settings need is in files of its own, read when it is asked for.
  outdir,
  sourcemap: options['source-maps'] ? 'external' : false,
  entryNames: 'istio-ra',
  chunkNames: 'parts/[name]-[hash]',
  splitting: true,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  metafile: true,
  // Optional accelerators of ws that nobody installs.
  external: ['bufferutil', 'utf-8-validate'],
  define: { ISTIO_RA_VERSION: JSON.stringify(version) },
  banner: {
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);',
      "const __bundleDirectory = import.meta.dirname.replace(/[\\\\/]parts$/, '');",
    ].join('\n'),
  },
  plugins: [dropUnused, findProtoFiles],
  logLevel: 'warning',
});
// One other character makes V8 keep a part of the bundle with two bytes for each of its characters.
for (const output of Object.keys(result.metafile.outputs).filter((name) => name.endsWith('.js'))) {
  const [found] = /[^\n]{0,40}[^\0-\x7f]/.exec(await readFile(join(root, output), 'utf8')) ?? [];
  if (found === undefined) continue;
  throw new Error(
    `${output} is not ASCII alone: write the last character as an escape in ${found}`,
  );
}
for (const folder of protoFolders) {
  const target = join(outdir, 'vendor', folder);
  await cp(`${root}node_modules/${folder}`, target, { recursive: true });
}
const program = join(outdir, 'istio-ra.js');
await chmod(program, 0o755);
const { bytes } = result.metafile.outputs[relative(root, program)];
console.log(`${relative(root, program)} ${(bytes / 1024).toFixed(0)} KiB`);
