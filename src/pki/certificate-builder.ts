import { x509 } from './crypto.ts';
import { defaultHash, withHash } from './key-pair.ts';
import type { HashName, KeyPair } from './key-pair.ts';
import { encodePem } from './pem.ts';
import { extendedKeyUsageOids } from './key-usage.ts';
import type { KeyUsageName } from './key-usage.ts';
import { subjectAltName } from './subject-alt-name-builder.ts';

type CertificateSubject =
  | { readonly commonName?: string; readonly organization?: string }
  /** A DER Name that is taken over byte for byte, as cert-manager does with a request's subject. */
  | { readonly subjectDer: Uint8Array };

export interface CertificateTemplate {
  readonly subject: CertificateSubject;
  readonly spkiDer: Uint8Array;
  /** Milliseconds since the epoch; X.509 keeps whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Hexadecimal; random where absent. */
  readonly serialNumber?: string;
  readonly isCa: boolean;
  readonly pathLength?: number;
  /** No keyUsage extension when empty; the same for the next. */
  readonly keyUsages: readonly KeyUsageName[];
  /** Names such as `serverAuth`, or dotted OIDs. */
  readonly extendedKeyUsages: readonly string[];
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** As RFC 5280 section 4.1.2.6 wants where absent: critical when the subject is empty. */
  readonly sanCritical?: boolean;
  /** Further extensions, for tests that want a bad certificate. */
  readonly extraExtensions?: readonly RawExtension[];
  /** Another hash than the one that fits the issuer's key, for the same tests. */
  readonly hash?: HashName;
}

interface RawExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly valueDer: Uint8Array;
}

export type IssuerKeyPair =
  | { readonly kind: 'self'; readonly keyPair: KeyPair }
  | { readonly kind: 'issuer'; readonly certificatePem: string; readonly keyPair: KeyPair };

/**
 * A CERTIFICATE in PEM (RFC 5280), with subject and authority key identifiers. It signs what it is
 * told to, sense or not: certificates that break the rules are how the checks are tested.
 */
export async function buildCertificate(
  template: CertificateTemplate,
  issuer: IssuerKeyPair,
): Promise<string> {
  const hash = template.hash ?? defaultHash(issuer.keyPair.algorithm);
  const signing =
    template.hash === undefined ? issuer.keyPair : await withHash(issuer.keyPair, hash);
  const subject = nameOf(template.subject);
  const certificate = await x509.X509CertificateGenerator.create({
    ...(template.serialNumber === undefined ? {} : { serialNumber: template.serialNumber }),
    subject,
    issuer: issuerName(issuer, subject),
    notBefore: wholeSeconds(template.notBefore),
    notAfter: wholeSeconds(template.notAfter),
    publicKey: template.spkiDer,
    signingKey: signing.privateKey,
    signingAlgorithm: { name: 'ECDSA', hash },
    extensions: await extensionsOf(template, issuer),
  });
  return encodePem('CERTIFICATE', new Uint8Array(certificate.rawData));
}

function nameOf(subject: CertificateSubject): x509.Name {
  if ('subjectDer' in subject) return exactName(subject.subjectDer);
  const { organization, commonName } = subject;
  return new x509.Name([
    ...(organization === undefined ? [] : [{ O: [{ utf8String: organization }] }]),
    ...(commonName === undefined ? [] : [{ CN: [{ utf8String: commonName }] }]),
  ]);
}

/** The library takes names apart and writes them anew; for odd ones the bytes could differ. */
function exactName(der: Uint8Array): x509.Name {
  const name = new x509.Name(der);
  if (!Buffer.from(name.toArrayBuffer()).equals(der)) {
    throw new Error('the subject cannot be copied byte for byte');
  }
  return name;
}

function issuerName(issuer: IssuerKeyPair, subject: x509.Name): x509.Name {
  if (issuer.kind === 'self') return subject;
  return new x509.X509Certificate(issuer.certificatePem).subjectName;
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

async function extensionsOf(
  template: CertificateTemplate,
  issuer: IssuerKeyPair,
): Promise<x509.Extension[]> {
  const issuerKey = issuer.kind === 'self' ? template.spkiDer : issuer.keyPair.spkiDer;
  return [
    new x509.BasicConstraintsExtension(template.isCa, template.pathLength, true),
    ...usageExtensions(template),
    ...nameExtensions(template),
    await x509.SubjectKeyIdentifierExtension.create(template.spkiDer),
    await x509.AuthorityKeyIdentifierExtension.create(issuerKey),
    ...(template.extraExtensions ?? []).map(
      ({ oid, critical, valueDer }) => new x509.Extension(oid, critical, valueDer),
    ),
  ];
}

function usageExtensions({ keyUsages, extendedKeyUsages }: CertificateTemplate): x509.Extension[] {
  const bits = keyUsages.reduce((sum, name) => sum | x509.KeyUsageFlags[name], 0);
  const oids = extendedKeyUsages.map((name) => extendedKeyUsageOids.get(name) ?? name);
  return [
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the library declares a set of flags as one flag
    ...(bits === 0 ? [] : [new x509.KeyUsagesExtension(bits, true)]),
    ...(oids.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(oids)]),
  ];
}

function nameExtensions(template: CertificateTemplate): x509.Extension[] {
  const { uris, dnsNames, ipAddresses = [] } = template;
  if (uris.length + dnsNames.length + ipAddresses.length === 0) return [];
  const critical = template.sanCritical ?? isEmptyName(template.subject);
  return [subjectAltName({ uris, dnsNames, ipAddresses, critical })];
}

function isEmptyName(subject: CertificateSubject): boolean {
  if ('subjectDer' in subject) return subject.subjectDer.length <= 2;
  return subject.commonName === undefined && subject.organization === undefined;
}
