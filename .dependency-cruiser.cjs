// Which module may import which. Anything not listed is forbidden; the reasons are in docs/adr/0005-modules.md.
const modules = {
  base: [],
  pki: ['base'],
  admission: ['base'],
  mesh: ['pki', 'base'],
  kube: ['base'],
  'kube/client-node': ['kube', 'base'],
  authn: ['mesh', 'pki', 'kube', 'base'],
  authz: ['authn', 'mesh', 'pki', 'kube', 'base'],
  ra: ['authz', 'authn', 'mesh', 'pki', 'base'],
  signer: ['ra', 'authz', 'kube', 'pki', 'base'],
  distribution: ['mesh', 'pki', 'kube', 'base'],
  audit: ['ra', 'base'],
  metrics: ['ra', 'mesh', 'pki', 'base'],
  tracing: ['ra', 'base'],
  server: ['admission', 'ra', 'authn', 'authz', 'pki', 'base'],
  config: ['tracing', 'distribution', 'authz', 'mesh', 'pki', 'base'],
  clusters: ['config', 'authz', 'authn', 'kube/client-node', 'kube', 'mesh', 'pki', 'base'],
  serving: ['config', 'server', 'signer', 'ra', 'distribution', 'kube', 'mesh', 'pki', 'base'],
  debug: ['config', 'metrics', 'server', 'ra', 'authz', 'kube', 'mesh', 'pki', 'base'],
  app: [
    'debug',
    'serving',
    'clusters',
    'config',
    'audit',
    'metrics',
    'tracing',
    'server',
    'admission',
    'signer',
    'distribution',
    'ra',
    'authz',
    'authn',
    'kube/client-node',
    'kube',
    'mesh',
    'pki',
    'base',
  ],
  check: ['config', 'distribution', 'signer', 'ra', 'authz', 'mesh', 'kube', 'pki', 'base'],
  sandbox: ['pki', 'base'],
  cli: [
    'app',
    'debug',
    'serving',
    'audit',
    'check',
    'config',
    'sandbox',
    'server',
    'mesh',
    'pki',
    'kube/client-node',
    'kube',
    'base',
  ],
};

const inModule = (module) => (module === 'kube' ? '^src/kube/[^/]+$' : `^src/${module}/`);

const forbidden = Object.entries(modules).map(([module, allowed]) => ({
  name: `${module.replace('/', '-')}-imports`,
  comment: `src/${module} may import only itself and: ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: inModule(module) },
  to: { path: '^src/', pathNot: [inModule(module), ...allowed.map(inModule)] },
}));

const sdk = (name, packages, module) => ({
  name: `${name}-only-in-${module.replace('/', '-')}`,
  comment: `an SDK is imported by one module, so that its traps live in one place`,
  severity: 'error',
  from: { path: '^src/', pathNot: inModule(module) },
  to: { path: `node_modules/(${packages})/` },
});

module.exports = {
  forbidden: [
    ...forbidden,
    sdk('grpc', '@grpc|grpc-health-check', 'server'),
    sdk('peculiar', '@peculiar|reflect-metadata', 'pki'),
    sdk('kubernetes', '@kubernetes|undici', 'kube/client-node'),
    sdk('prometheus', 'prom-client', 'metrics'),
    sdk('opentelemetry', '@opentelemetry', 'tracing'),
    {
      name: 'signing-knows-no-backend',
      comment:
        'limits, clean-up and the use case know the port signer/signing-backend.ts; start-signing.ts chooses',
      severity: 'error',
      from: { path: '^src/signer/', pathNot: '^src/signer/(csr/|start-signing)' },
      to: { path: '^src/signer/csr/' },
    },
    {
      name: 'no-cycles',
      comment: 'a cycle means that two files are one',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'parts-of-app-know-no-other',
      comment: 'app.ts calls its parts in the order in which they need each other',
      severity: 'error',
      from: { path: '^src/app/', pathNot: '^src/app/app.ts$' },
      to: { path: '^src/app/' },
    },
    {
      name: 'main-is-not-imported',
      comment: "the way in is nobody else's library",
      severity: 'error',
      from: { path: '^(src|test)/', pathNot: '^src/main.ts$' },
      to: { path: '^src/main.ts$' },
    },
    {
      name: 'unit-tests-stay-inside',
      comment:
        'a unit test does no I/O; one that needs the app or the sandbox is an integration test',
      severity: 'error',
      from: {
        path: '^test/unit/(base|pki|admission|mesh|kube|authn|authz|ra|signer|distribution|audit|metrics|tracing|check|clusters|debug)/',
      },
      to: { path: '^src/(app|cli|sandbox)/' },
    },
    {
      name: 'resolvable',
      comment: 'an import that resolves to nothing fails at run time',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
