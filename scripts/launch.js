// Starts src/main.ts. Plain JavaScript on purpose: it is what an unfitting Node can still read,
// so that such a machine gets one clear line instead of a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `istio-ra needs Node 22.19 or newer and this is ${process.version}: on Linux (x64, arm64) run "npm ci" without --omit=optional, which brings Node 24; elsewhere install it`,
  );
  process.exit(1);
}
process.argv.splice(1, 1, new URL('../src/main.ts', import.meta.url).pathname);
await import('../src/main.ts');
