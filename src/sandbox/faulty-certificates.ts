import type { CertificateTemplate } from '../pki/certificate-builder.ts';
import { generateKeyPair } from '../pki/key-pair.ts';
import type { KeyUsageName } from '../pki/key-usage.ts';
import type { SignerFault } from './faults.ts';
import { textAt, textsAt, valueAt } from './kube-object.ts';
import type { KubeObject } from './kube-object.ts';
import { readRequest, requestDerOf } from './pkcs10.ts';
import type { RequestExtension } from './pkcs10.ts';
import type { ToyAuthority } from './toy-authority.ts';

const keyUsageOf = new Map<string, KeyUsageName>([
  ['signing', 'digitalSignature'],
  ['digital signature', 'digitalSignature'],
  ['content commitment', 'nonRepudiation'],
  ['key encipherment', 'keyEncipherment'],
  ['data encipherment', 'dataEncipherment'],
  ['key agreement', 'keyAgreement'],
  ['cert sign', 'keyCertSign'],
  ['crl sign', 'cRLSign'],
]);

const extendedUsageOf = new Map<string, string>([
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
  ['code signing', '1.3.6.1.5.5.7.3.3'],
  ['email protection', '1.3.6.1.5.5.7.3.4'],
  ['s/mime', '1.3.6.1.5.5.7.3.4'],
  ['timestamping', '1.3.6.1.5.5.7.3.8'],
  ['ocsp signing', '1.3.6.1.5.5.7.3.9'],
  ['any', '2.5.29.37.0'],
]);

const subjectAltNameOid = '2.5.29.17';
const defaultLifetimeSeconds = 90 * 24 * 60 * 60;
const strangeUri = 'spiffe://cluster.local/ns/kube-system/sa/somebody-else';
const hour = 60 * 60 * 1000;

/**
 * The certificate that a request asks for: its subject, key and alternative names as they are, its
 * usages, and as long a life as it asks for. A fault changes it.
 */
export async function templateFor(
  request: KubeObject,
  now: number,
  fault: SignerFault | undefined,
): Promise<CertificateTemplate> {
  const pem = Buffer.from(textAt(request, 'spec', 'request') ?? '', 'base64').toString('latin1');
  const { subjectDer, spkiDer, subjectAltName } = readRequest(requestDerOf(pem));
  const seconds = valueAt(request, 'spec', 'expirationSeconds');
  const lifetimeMs = (typeof seconds === 'number' ? seconds : defaultLifetimeSeconds) * 1000;
  const usages = textsAt(request, 'spec', 'usages');
  const correct: CertificateTemplate = {
    subject: { subjectDer },
    spkiDer,
    notBefore: now,
    notAfter: now + lifetimeMs,
    isCa: false,
    keyUsages: found(usages, keyUsageOf),
    extendedKeyUsages: found(usages, extendedUsageOf),
    uris: [],
    dnsNames: [],
    extraExtensions: subjectAltName === undefined ? [] : [copied(subjectAltName)],
  };
  return fault === undefined ? correct : withFault(correct, fault, { lifetimeMs, subjectAltName });
}

function found<T>(usages: readonly string[], meanings: ReadonlyMap<string, T>): readonly T[] {
  const meant = usages.map((usage) => meanings.get(usage)).filter((value) => value !== undefined);
  return [...new Set(meant)];
}

function copied({ critical, valueDer }: RequestExtension): {
  oid: string;
  critical: boolean;
  valueDer: Uint8Array;
} {
  return { oid: subjectAltNameOid, critical, valueDer };
}

interface RequestedContents {
  readonly lifetimeMs: number;
  readonly subjectAltName: RequestExtension | undefined;
}

async function withFault(
  correct: CertificateTemplate,
  fault: SignerFault,
  requested: RequestedContents,
): Promise<CertificateTemplate> {
  switch (fault.kind) {
    case 'wrong-key': {
      const { spkiDer } = await generateKeyPair('ecdsa-p256');
      return { ...correct, spkiDer };
    }
    case 'wrong-san':
      return { ...correct, extraExtensions: [], uris: [fault.uri ?? strangeUri] };
    case 'extra-san':
      return withExtraUri(correct, fault.uri ?? strangeUri, requested);
    case 'no-san':
      return { ...correct, extraExtensions: [] };
    case 'subject-common-name':
      return { ...correct, subject: { commonName: 'somebody' } };
    case 'weak-signature':
      return { ...correct, hash: 'SHA-1' };
    default:
      return withFaultyUsages(withFaultyValidity(correct, fault, requested), fault);
  }
}

/** The names of the request, and one more behind them, in one extension. */
function withExtraUri(
  correct: CertificateTemplate,
  uri: string,
  { subjectAltName }: RequestedContents,
): CertificateTemplate {
  const name = Buffer.concat([Buffer.from([0x86, uri.length]), Buffer.from(uri, 'latin1')]);
  const names = contentOf(subjectAltName?.valueDer ?? Uint8Array.of(0x30, 0));
  const content = Buffer.concat([names, name]);
  const valueDer = Buffer.concat([sequenceHeader(content.length), content]);
  const critical = subjectAltName?.critical ?? true;
  return { ...correct, extraExtensions: [copied({ critical, valueDer })] };
}

function contentOf(sequence: Uint8Array): Uint8Array {
  const first = sequence[1] ?? 0;
  return sequence.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
}

function sequenceHeader(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(0x30, length);
  if (length < 0x100) return Uint8Array.of(0x30, 0x81, length);
  return Uint8Array.of(0x30, 0x82, length >> 8, length & 0xff);
}

function withFaultyValidity(
  correct: CertificateTemplate,
  fault: SignerFault,
  { lifetimeMs }: RequestedContents,
): CertificateTemplate {
  const { notBefore } = correct;
  switch (fault.kind) {
    case 'expired':
      return { ...correct, notBefore: notBefore - 2 * hour, notAfter: notBefore - hour };
    case 'not-yet-valid':
      return { ...correct, notBefore: notBefore + hour, notAfter: notBefore + hour + lifetimeMs };
    case 'longer-lifetime':
      return { ...correct, notAfter: notBefore + lifetimeMs * (fault.factor ?? 10) };
    default:
      return correct;
  }
}

function withFaultyUsages(
  correct: CertificateTemplate,
  { kind }: SignerFault,
): CertificateTemplate {
  const { keyUsages, extendedKeyUsages } = correct;
  switch (kind) {
    case 'ca-true':
      return { ...correct, isCa: true };
    case 'cert-sign-usage':
      return { ...correct, keyUsages: [...keyUsages, 'keyCertSign'] };
    case 'no-eku':
      return { ...correct, extendedKeyUsages: [] };
    case 'extra-eku':
      return { ...correct, extendedKeyUsages: [...extendedKeyUsages, 'codeSigning'] };
    case 'changed-after-issue':
    default:
      return correct;
  }
}

export interface ChainParts {
  readonly authority: ToyAuthority;
  readonly otherAuthority: ToyAuthority;
  readonly fault: SignerFault | undefined;
}

const garbage =
  '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGUgYXQgYWxs\n-----END CERTIFICATE-----\n';

/** What goes into `status.certificate`: leaf and intermediates, no root. A fault changes it. */
export function chainFor(leaf: string, { authority, otherAuthority, fault }: ChainParts): string {
  const { intermediatePems, rootPem } = authority;
  const correct = [leaf, ...intermediatePems];
  switch (fault?.kind) {
    case 'garbage-pem':
      return garbage;
    case 'empty-pem':
      return '';
    case 'not-pem':
      return 'certificate issued\n';
    case 'leaf-only':
      return leaf;
    case 'root-included':
      return [...correct, rootPem].join('');
    case 'foreign-root-included':
      return [...correct, otherAuthority.rootPem].join('');
    case 'duplicate-chain':
      return [...correct, ...correct].join('');
    case 'unordered-chain':
      return [leaf, rootPem, ...intermediatePems].join('');
    default:
      return correct.join('');
  }
}
