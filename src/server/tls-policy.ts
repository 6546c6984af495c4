/** Which TLS the server speaks; absent fields take the secure defaults. */
export interface TlsPolicy {
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** IANA names such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`, as istiod's flag takes them. */
  readonly cipherSuites?: readonly string[] | undefined;
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

const tls13Suites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
] as const;

/**
 * The policy's suites as OpenSSL wants them. The TLS 1.3 suites are always part of it, because Node
 * turns TLS 1.3 off when a list names none, and ztunnel speaks nothing else. Throws an Error for a
 * suite that is unknown or lacks forward secrecy or authenticated encryption.
 *
 * Divergence: istiod accepts every suite that Go knows, CBC and static RSA among them.
 */
export function openSslCiphers({ cipherSuites = [] }: TlsPolicy): string {
  const older = cipherSuites.filter((name) => !isTls13Suite(name)).map(openSslName);
  const chosen = cipherSuites.length === 0 ? [...tls12Suites.values()] : older;
  return [...tls13Suites, ...chosen].join(':');
}

function isTls13Suite(name: string): boolean {
  return tls13Suites.some((suite) => suite === name);
}

function openSslName(name: string): string {
  const known = tls12Suites.get(name);
  if (known !== undefined) return known;
  const all = [...tls12Suites.keys(), ...tls13Suites].join(', ');
  throw new Error(`cipher suite ${JSON.stringify(name)} is not one of ${all}`);
}
