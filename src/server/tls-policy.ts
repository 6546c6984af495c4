import { createSecureContext } from 'node:tls';

/** Restrictions that COMPLIANCE_POLICY names, as in Istio. */
export type CompliancePolicy = 'fips-140-2' | 'fips-140-3' | 'pqc';

/** Which TLS the server speaks; absent fields take the secure defaults. */
export interface TlsPolicy {
  readonly minVersion?: TlsVersion | undefined;
  /** IANA names such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`, as istiod's flag takes them. */
  readonly cipherSuites?: readonly string[] | undefined;
  readonly compliance?: CompliancePolicy | undefined;
}

type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** The same in the words of node:tls. */
export interface TlsParameters {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's names, in order of preference. */
  readonly ciphers: string;
  /** Groups for the key exchange; absent: OpenSSL's own choice. */
  readonly ecdhCurve?: string;
}

/** TLS 1.2 suites with forward secrecy and authenticated encryption, in order of preference. */
const tls12Suites: ReadonlyMap<string, string> = new Map([
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
]);

const tls13Suites: readonly string[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];

/** What is left of TLS; suites by their IANA names. */
interface Profile {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly allows: (suite: string) => boolean;
  readonly ecdhCurve?: string;
}

const isAesGcm = (suite: string): boolean => suite.includes('_AES_');

const unrestricted: Profile = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  allows: () => true,
};

/**
 * The protocol's side of each policy alone. Whether the cryptographic module is a validated one is a
 * property of the Node that runs this.
 */
const profiles: Readonly<Record<CompliancePolicy, Profile>> = {
  'fips-140-2': {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    allows: isAesGcm,
    ecdhCurve: 'P-256',
  },
  // SP 800-52 and SP 800-56A: AES-GCM, and NIST's curves alone.
  'fips-140-3': {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    allows: isAesGcm,
    ecdhCurve: 'P-256:P-384',
  },
  pqc: {
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    allows: isAesGcm,
    ecdhCurve: 'X25519MLKEM768',
  },
};

/**
 * The policy as node:tls wants it. Throws an Error when its parts contradict each other, for a suite
 * that `openSslCiphers` refuses, and when this Node cannot do what the compliance policy needs.
 */
export function tlsParameters(policy: TlsPolicy): TlsParameters {
  const { minVersion, maxVersion, ecdhCurve } = profileOf(policy);
  if (policy.minVersion === 'TLSv1.3' && maxVersion === 'TLSv1.2') {
    throw new Error(
      `COMPLIANCE_POLICY=${policy.compliance ?? ''} is TLS 1.2 alone: leave out the minimum of TLS 1.3`,
    );
  }
  if (ecdhCurve !== undefined) requireGroups(ecdhCurve);
  return {
    minVersion: policy.minVersion === 'TLSv1.3' ? 'TLSv1.3' : minVersion,
    maxVersion,
    ciphers: openSslCiphers(policy),
    ...(ecdhCurve === undefined ? {} : { ecdhCurve }),
  };
}

/**
 * The policy's suites as OpenSSL wants them. Where TLS 1.3 is allowed its suites are always part of
 * it, because Node turns TLS 1.3 off when a list names none, and ztunnel speaks nothing else. Throws
 * an Error for a suite that is unknown, lacks forward secrecy or authenticated encryption, or is
 * excluded by the compliance policy.
 *
 * Divergence: istiod accepts every suite that Go knows, CBC and static RSA among them, and passes
 * over a list of suites when it has a compliance policy.
 */
export function openSslCiphers(policy: TlsPolicy): string {
  const { cipherSuites = [] } = policy;
  const { minVersion, maxVersion, allows } = profileOf(policy);
  for (const name of cipherSuites) refuseUnknown(name, policy);
  const chosen = cipherSuites.length === 0 ? [...tls12Suites.keys()] : cipherSuites;
  const newer = maxVersion === 'TLSv1.3' ? tls13Suites : [];
  const older = minVersion === 'TLSv1.2' ? chosen : [];
  return [
    ...newer.filter(allows),
    ...older.filter(allows).flatMap((name) => tls12Suites.get(name) ?? []),
  ].join(':');
}

function profileOf({ compliance }: TlsPolicy): Profile {
  return compliance === undefined ? unrestricted : profiles[compliance];
}

function refuseUnknown(name: string, policy: TlsPolicy): void {
  const { allows, maxVersion } = profileOf(policy);
  const possible = [...tls12Suites.keys(), ...(maxVersion === 'TLSv1.3' ? tls13Suites : [])];
  const allowed = possible.filter(allows);
  if (allowed.includes(name)) return;
  throw new Error(`cipher suite ${JSON.stringify(name)} is not one of ${allowed.join(', ')}`);
}

/** Throws an Error that says what to do when this Node's OpenSSL lacks one of the groups. */
export function requireGroups(groups: string): void {
  try {
    createSecureContext({ ecdhCurve: groups });
  } catch (cause) {
    const { node, openssl } = process.versions;
    throw new Error(
      `Node ${node} with OpenSSL ${openssl} has no key exchange by ${groups}, which ` +
        'COMPLIANCE_POLICY asks for: run it with Node 24 or newer, or choose another policy',
      { cause },
    );
  }
}
