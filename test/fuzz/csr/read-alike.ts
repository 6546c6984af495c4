import type { CertificateRequest } from '../../../src/pki/certificate-request.ts';
import { asBuffer } from '../../../src/pki/der-values.ts';
import { SpiffeIdError, parseSpiffeId } from '../../../src/pki/spiffe-id.ts';
import type { GoReading } from '../runner/go-oracle.ts';
import type { OpensslReading } from '../runner/openssl-oracle.ts';

/**
 * Whether a request that the gate let through names an identity that somebody could have. The policy
 * after the gate compares the name with the caller's own and refuses all others.
 */
export function namesAnIdentity({ uri }: CertificateRequest): boolean {
  try {
    parseSpiffeId(uri);
    return true;
  } catch (error) {
    if (error instanceof SpiffeIdError) return false;
    throw error;
  }
}

const subjectAltName = '2.5.29.17';
const uriTag = 6;
const none: readonly string[] = [];

type Claims = Readonly<Record<string, boolean>>;

/** What Go sees otherwise than we do; empty where it sees the same. */
export function differencesFromGo(request: CertificateRequest, go: GoReading): readonly string[] {
  const identity = namesAnIdentity(request);
  if (!go.ok) {
    // Go reads each URI and refuses some; nobody gets such a name.
    const refusedName = !identity && go.error?.startsWith('x509: cannot parse URI');
    return refusedName === true ? [] : [`Go refuses it: ${go.error ?? ''}`];
  }
  const subjectValues = go.subjectValues ?? [];
  return failing({
    signature: go.signatureOk,
    key: go.spkiSha256 === request.publicKey.spkiSha256,
    subject: go.subjectDer === asBuffer(request.subjectDer).toString('hex'),
    'an empty subject': go.subjectRdns <= 1 && subjectValues.every((value) => value === ''),
    ...nameClaims(request, go),
    URI: !identity || same(go.uris, [request.uri]),
    'one extension': same(go.extensionOids, [subjectAltName]),
    'one attribute': go.attributes === 1,
  });
}

function nameClaims({ uri }: CertificateRequest, go: GoReading): Claims {
  const [name, ...more] = go.rawNames ?? [];
  return {
    'one name': more.length === 0 && name?.tag === uriTag,
    'the name': name?.content === Buffer.from(uri).toString('hex'),
    'no other names': [go.dnsNames, go.emails, go.addresses].every((names) => same(names, none)),
  };
}

const subjectAltNameLine = /^X509v3 Subject Alternative Name: ?(critical)?$/;

/** What openssl sees otherwise than we do; empty where it sees the same. */
export function differencesFromOpenssl(
  request: CertificateRequest,
  openssl: OpensslReading,
): readonly string[] {
  const [heading = '', names, ...more] = openssl.extensions;
  return failing({
    signature: openssl.verified,
    key: openssl.spkiDer.equals(request.publicKey.spkiDer),
    'an empty subject': ['', 'O='].includes(openssl.subject),
    'one extension': more.length === 0 && subjectAltNameLine.test(heading),
    'the one name': names === `URI:${request.uri}`,
    // How the versions say that there is no other.
    'one attribute': ['', '(none)', 'a0:00'].includes(openssl.attributes),
  });
}

function failing(claims: Claims): readonly string[] {
  return Object.keys(claims).filter((claim) => claims[claim] !== true);
}

function same(one: readonly string[] | null, other: readonly string[]): boolean {
  return JSON.stringify(one ?? []) === JSON.stringify(other);
}
