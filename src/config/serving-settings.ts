import { parseSignerName } from '../mesh/signer-name.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import { listenSettings } from './listen-settings.ts';
import type { Setting, SettingReader } from './setting.ts';
import { file, list, oneOf, ttlSeconds } from './setting-parsers.ts';

/** How our own TLS certificate is had. */
export type ServingConfig =
  | {
      readonly kind: 'files';
      readonly certFile: string;
      readonly keyFile: string;
      readonly rootsFile: string | undefined;
    }
  /** A signer of the Kubernetes API signs it. */
  | {
      readonly kind: 'signer';
      readonly signerName: SignerName;
      readonly ttlSeconds: number;
      readonly rootsFile: string | undefined;
    }
  /** Somebody else ends TLS: calls come in plain text at this address. */
  | { readonly kind: 'none'; readonly grpcAddress: string };

/** Restrictions of our TLS; an absent field leaves the secure default. */
export interface TlsPolicyConfig {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** IANA names. */
  readonly cipherSuites: readonly string[] | undefined;
  readonly compliance: 'fips-140-2' | 'fips-140-3' | 'pqc' | undefined;
}

type Provider =
  { readonly kind: 'files' | 'none' } | { readonly kind: 'signer'; readonly name: SignerName };

const signerPrefix = 'k8s.io/';
const providers = `${signerPrefix}<full signer name>, custom or none`;

function provider(value: string): Provider {
  if (value === 'custom') return { kind: 'files' };
  if (value === 'none') return { kind: 'none' };
  if (value.startsWith(signerPrefix)) {
    return { kind: 'signer', name: parseSignerName(value.slice(signerPrefix.length)) };
  }
  if (value === 'istiod') {
    throw new Error(`there is no CA in here that could sign: set ${providers}`);
  }
  if (value === 'kubernetes') {
    throw new Error(`Kubernetes has no signer for this any more: set ${providers}`);
  }
  throw new Error(`must be ${providers}`);
}

/** Such as `TLSv1.2`, or as Kubernetes' and Istio's own components write it. */
function tlsVersion(value: string): 'TLSv1.2' | 'TLSv1.3' {
  const [, minor] = /^(?:VersionTLS1|TLSv1[._]|TLSV1_|1\.)([0-3])$/.exec(value) ?? [];
  if (minor === '2') return 'TLSv1.2';
  if (minor === '3') return 'TLSv1.3';
  throw new Error('must be TLSv1.2 or TLSv1.3');
}

/** Our own certificate, and which TLS we speak with it. */
export const servingSettings = {
  certProvider: {
    env: 'PILOT_CERT_PROVIDER',
    help: `who signs our serving certificate: ${providers}; absent: it comes from files`,
    placeholder: '<who>',
    parse: provider,
  },
  tlsCertFile: {
    ...file('tlsCertFile', 'serving certificate chain, PEM; wins over PILOT_CERT_PROVIDER'),
    fallback: './var/run/secrets/istiod/tls/tls.crt',
  },
  tlsKeyFile: {
    ...file('tlsKeyFile', 'private key of the serving certificate, PEM'),
    fallback: './var/run/secrets/istiod/tls/tls.key',
  },
  caCertFile: file(
    'caCertFile',
    "further roots for the clients of the control plane, such as istiod's",
  ),
  servingTtlSeconds: {
    env: 'SERVING_CERT_TTL',
    help: 'validity of the serving certificate that PILOT_CERT_PROVIDER signs',
    placeholder: '<duration>',
    fallback: '720h',
    parse: ttlSeconds,
  },
  customHosts: {
    env: 'ISTIOD_CUSTOM_HOST',
    help: 'further DNS names of the serving certificate',
    placeholder: '<a,b>',
    parse: list,
  },
  tlsMinVersion: {
    flag: 'tls-min-version',
    help: 'oldest TLS that is spoken: TLSv1.2 or TLSv1.3',
    placeholder: '<version>',
    parse: tlsVersion,
  },
  tlsCipherSuites: {
    flag: 'tls-cipher-suites',
    help: 'cipher suites of TLS 1.2, by their IANA names',
    placeholder: '<a,b>',
    parse: list,
  },
  compliance: {
    env: 'COMPLIANCE_POLICY',
    help: 'what TLS is narrowed down to: fips-140-2, fips-140-3 or pqc',
    placeholder: '<policy>',
    parse: oneOf(['fips-140-2', 'fips-140-3', 'pqc'] as const),
  },
} satisfies Record<string, Setting<unknown>>;

const s = servingSettings;

/** Explicit files win over the provider, as in istiod. */
export function readServing(reader: SettingReader): ServingConfig {
  const chosen = reader.read(s.certProvider);
  const ttl = reader.need(s.servingTtlSeconds);
  const rootsFile = reader.read(s.caCertFile);
  const grpcAddress = reader.need(listenSettings.grpcAddress);
  const files = reader.isGiven(s.tlsCertFile) ? undefined : chosen;
  if (files?.kind === 'none') return { kind: 'none', grpcAddress };
  if (files?.kind === 'signer') {
    return { kind: 'signer', signerName: files.name, ttlSeconds: ttl, rootsFile };
  }
  const [certFile, keyFile] = [reader.need(s.tlsCertFile), reader.need(s.tlsKeyFile)];
  return { kind: 'files', certFile, keyFile, rootsFile };
}

export function readTlsPolicy(reader: SettingReader): TlsPolicyConfig {
  return {
    minVersion: reader.read(s.tlsMinVersion),
    cipherSuites: reader.read(s.tlsCipherSuites),
    compliance: reader.read(s.compliance),
  };
}
