/** What log levels can be set for one by one: the modules of src, by their names. */
export const logScopes = [
  'admission',
  'app',
  'audit',
  'authn',
  'authz',
  'base',
  'check',
  'cli',
  'clusters',
  'config',
  'debug',
  'distribution',
  'kube',
  'mesh',
  'metrics',
  'pki',
  'ra',
  'sandbox',
  'server',
  'serving',
  'signer',
  'tracing',
] as const;

export type LogScope = (typeof logScopes)[number];
