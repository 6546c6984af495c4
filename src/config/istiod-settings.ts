import type { Setting, SettingReader } from './setting.ts';
import { boolean } from './setting-parsers.ts';

/** The one way of istiod's to have certificates signed elsewhere; it is all that we do. */
const externalCa = 'ISTIOD_RA_KUBERNETES_API';

function externalCaKind(value: string): string {
  if (value === externalCa) return value;
  throw new Error(
    `must be ${externalCa}, or absent: certificates come from the Kubernetes CSR API`,
  );
}

function caServer(value: string): boolean {
  if (boolean(value)) return true;
  throw new Error('there is nothing to serve without it: leave it out here, and set it for istiod');
}

/** What istiod is told to do what we always do. */
export const istiodSettings = {
  externalCa: {
    env: 'EXTERNAL_CA',
    help: `may say ${externalCa}, as for istiod; nothing else is done here`,
    placeholder: '<kind>',
    parse: externalCaKind,
  },
  enableCaServer: {
    env: 'ENABLE_CA_SERVER',
    help: 'may be true: to be false is for the istiod beside us',
    placeholder: '<bool>',
    parse: caServer,
  },
  logAsJson: {
    flag: 'log_as_json',
    help: 'taken for the sake of istiod: lines are always JSON',
    placeholder: '[bool]',
    parse: boolean,
  },
} satisfies Record<string, Setting<unknown>>;

/** Flags of istiod that concern what we do not do: taken, and named in one warning. */
export const flagsWithoutEffect: readonly string[] = [
  'configDir',
  'ctrlz_address',
  'ctrlz_port',
  'domain',
  'keepaliveInterval',
  'keepaliveMaxServerConnectionAge',
  'keepaliveTimeout',
  'kubernetesApiBurst',
  'kubernetesApiQPS',
  'log_caller',
  'log_rotate',
  'log_rotate_max_age',
  'log_rotate_max_backups',
  'log_rotate_max_size',
  'log_stacktrace_level',
  'log_target',
  'networksConfig',
  'profile',
  'registries',
  'resync',
  'shutdownDuration',
  'vklog',
];

/** What istiod can be told and cannot be done here, by flag or variable, and what to set instead. */
const cannotBeDone: Readonly<
  Record<string, { readonly unless?: (value: string) => boolean; readonly instead: string }>
> = {
  ROOT_CA_DIR: {
    instead: 'no CA key is held here: give the signers theirs, and caCertificates their roots',
  },
  USE_REMOTE_CERTS: {
    unless: (value) => value === 'false',
    instead: 'no CA key is held here: give the signers theirs, and caCertificates their roots',
  },
  TRUSTED_GATEWAY_CIDR: {
    instead: 'a caller is not believed for what a header says: set CLIENT_CERT_IDENTITIES',
  },
  JWT_RULE: { instead: 'set OIDC_ISSUERS to a file with the issuer; the README has its fields' },
  TOKEN_ISSUER: { instead: 'set OIDC_ISSUERS to a file with the issuer' },
  AUDIENCE: { instead: 'set OIDC_ISSUERS to a file that has it under audiences' },
  clusterRegistriesNamespace: {
    instead: 'Secrets of remote clusters are read where this runs: put them there',
  },
};

const prefixes =
  /^(PILOT|ENABLE|DISABLE|ISTIO|ISTIOD|CITADEL|INJECT|XDS|UNSAFE|VALIDATION|MCS|AMBIENT|WEBHOOK)_/;
const names: readonly string[] = [
  'CLOUD_PLATFORM',
  'EXTERNAL_ISTIOD',
  'JWKS_RESOLVER_INSECURE_SKIP_VERIFY',
  'LOCAL_CLUSTER_SECRET_WATCHER',
  'PLATFORM',
  'PREFER_DESTINATIONRULE_TLS_FOR_EXTERNAL_SERVICES',
  'RESOLVE_HOSTNAME_GATEWAYS',
  'VERIFY_CERTIFICATE_AT_CLIENT',
];
/** Kubernetes tells pods of Services this way, and Istio's Services have such names. */
const serviceLink = /_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_\d+_[A-Z]+(_(PROTO|PORT|ADDR))?)?)$/;

/** Whether this looks like a variable of istiod's; whether it is one of ours is for others to tell. */
export function isIstiodVariable(name: string): boolean {
  return !serviceLink.test(name) && (prefixes.test(name) || names.includes(name));
}

/** Whether istiod can be told this and we cannot. */
export function isRefused(name: string): boolean {
  return Object.hasOwn(cannotBeDone, name);
}

/** Flags that are refused, so that the command line knows them. */
export const refusedFlags: readonly string[] = Object.keys(cannotBeDone).filter((name) =>
  /^[a-z]/.test(name),
);

/**
 * Notes what was given for istiod and cannot be done here, and returns the names of what was given
 * and has no effect. `known`: the names of our own settings.
 */
export function readIstiodSettings(
  reader: SettingReader,
  known: ReadonlySet<string>,
): readonly string[] {
  reader.read(istiodSettings.externalCa);
  reader.read(istiodSettings.enableCaServer);
  reader.read(istiodSettings.logAsJson);
  for (const [name, { unless, instead }] of Object.entries(cannotBeDone)) {
    const given = reader.given(name);
    if (given === undefined || unless?.(given.text) === true) continue;
    reader.reject(given.source, `cannot be done here; ${instead}`);
  }
  const unknown = reader.givenNames().filter((name) => !known.has(name) && !isRefused(name));
  return unknown
    .filter((name) => flagsWithoutEffect.includes(name) || isIstiodVariable(name))
    .sort();
}
