// Builds dist/istio-ra.js, the one file that runs in production. Node strips no types under
// node_modules and loading the packages one by one takes most of a second, so what ships is a bundle.
import { chmod, rm } from 'node:fs/promises';
import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
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

await rm(`${root}dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: 'dist/istio-ra.js',
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
    ].join('\n'),
  },
  plugins: [dropUnused],
  logLevel: 'warning',
});
await chmod(`${root}dist/istio-ra.js`, 0o755);
const { bytes } = result.metafile.outputs['dist/istio-ra.js'];
console.log(`dist/istio-ra.js ${(bytes / 1024).toFixed(0)} KiB`);
