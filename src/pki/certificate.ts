import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CertificateError, DerError } from './errors.ts';
import { parseExtensions } from './certificate-extensions.ts';
import type { CertificateExtensions } from './certificate-extensions.ts';
import { contextTag, tags } from './der-tags.ts';
import {
  asBuffer,
  equalBytes,
  expectTag,
  sequenceOf,
  smallInteger,
  wholeBytes,
} from './der-values.ts';
import { certificateLimits, parseDer } from './der.ts';
import type { DerElement } from './der.ts';
import { encodePem } from './pem.ts';
import { isSignatureValid, parseSignatureAlgorithm } from './signature-algorithm.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';
import { parseSubjectPublicKey } from './subject-public-key.ts';
import type { SubjectPublicKey } from './subject-public-key.ts';
import { timeValue } from './time-values.ts';

/** A certificate that was read, not one that is trusted: see chain.ts for that. */
export interface Certificate extends CertificateExtensions {
  readonly der: Uint8Array;
  /** Our own encoding of `der`, one block with a final newline. */
  readonly pem: string;
  /** Hexadecimal, of `der`. */
  readonly sha256: string;
  readonly version: 1 | 2 | 3;
  /** Hexadecimal content octets of the INTEGER, sign octet included. */
  readonly serialNumber: string;
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  /** Whether subject and issuer are the same bytes. Says nothing about who signed. */
  readonly selfIssued: boolean;
  /** Milliseconds since the epoch, both inclusive (RFC 5280 section 4.1.2.5). */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spkiDer: Uint8Array;
  readonly publicKey: SubjectPublicKey;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** What was signed, and the signature. */
  readonly tbsDer: Uint8Array;
  readonly signature: Uint8Array;
}

const maxCertificateLength = 64 * 1024;

/**
 * Reads a certificate (RFC 5280 section 4.1) as strictly as a request: strict DER, nothing twice,
 * nothing left over. Checks no signature and no policy. Throws CertificateError and nothing else.
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > maxCertificateLength) {
    const message = `the certificate is longer than ${maxCertificateLength} bytes`;
    throw new CertificateError('too_large', message);
  }
  // A copy, so that nobody who holds the caller's buffer can change what was read.
  const der = Uint8Array.from(bytes);
  try {
    return readCertificate(der);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new CertificateError(error.reason, `not a certificate: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * Whether `issuer`'s key made the signature of `certificate`. Names, dates and rights are not looked
 * at, nor the strength of the key. Never throws.
 */
export function isSignedBy(certificate: Certificate, issuerKey: KeyObject): boolean {
  return isSignatureValid(certificate.signatureAlgorithm, issuerKey, {
    signed: certificate.tbsDer,
    signature: certificate.signature,
  });
}

function readCertificate(der: Uint8Array): Certificate {
  const [tbs, outerAlgorithm, signature] = sequenceOf(parseDer(der, certificateLimits), 3);
  const fields = readFields(expectTag(tbs, tags.sequence));
  // RFC 5280 section 4.1.1.2: the signed statement of the algorithm is the one that counts.
  if (!equalBytes(fields.algorithm.bytes, expectTag(outerAlgorithm, tags.sequence).bytes)) {
    throw new CertificateError(
      'signature_algorithm_mismatch',
      'the signed and the unsigned signature algorithm differ',
    );
  }
  const [notBefore, notAfter] = sequenceOf(fields.validity, 2);
  const subjectDer = expectTag(fields.subject, tags.sequence).bytes;
  const issuerDer = expectTag(fields.issuer, tags.sequence).bytes;
  return Object.freeze({
    ...fields.extensions,
    der,
    pem: encodePem('CERTIFICATE', der),
    sha256: createHash('sha256').update(der).digest('hex'),
    version: fields.version,
    serialNumber: asBuffer(fields.serialNumber.content).toString('hex'),
    subjectDer,
    issuerDer,
    selfIssued: equalBytes(subjectDer, issuerDer),
    notBefore: timeValue(notBefore),
    notAfter: timeValue(notAfter),
    spkiDer: expectTag(fields.spki, tags.sequence).bytes,
    publicKey: parseSubjectPublicKey(fields.spki),
    signatureAlgorithm: parseSignatureAlgorithm(fields.algorithm),
    tbsDer: expectTag(tbs, tags.sequence).bytes,
    signature: wholeBytes(signature),
  });
}

interface Fields {
  readonly version: 1 | 2 | 3;
  readonly serialNumber: DerElement;
  readonly algorithm: DerElement;
  readonly issuer: DerElement | undefined;
  readonly validity: DerElement | undefined;
  readonly subject: DerElement | undefined;
  readonly spki: DerElement | undefined;
  readonly extensions: CertificateExtensions;
}

function readFields(tbs: DerElement): Fields {
  const [first, ...others] = tbs.children;
  const hasVersion = first?.tag === contextTag(0, 'constructed');
  const version = hasVersion ? readVersion(first) : 1;
  const fields = hasVersion ? others : tbs.children;
  const [serialNumber, algorithm, issuer, validity, subject, spki, ...optional] = fields;
  return {
    version,
    serialNumber: expectTag(serialNumber, tags.integer),
    algorithm: expectTag(algorithm, tags.sequence),
    issuer,
    validity,
    subject,
    spki,
    extensions: parseExtensions(readOptionalFields(optional, version)),
  };
}

/** DEFAULT v1, so that v1 is never spelled (X.690 section 11.5). */
function readVersion(element: DerElement): 2 | 3 {
  const [value, ...more] = element.children;
  const version = smallInteger(value) + 1;
  if (more.length > 0 || (version !== 2 && version !== 3)) {
    throw new CertificateError('version', 'the certificate has an unknown version');
  }
  return version;
}

/** Unique identifiers (from version 2) are passed over; extensions are of version 3. */
function readOptionalFields(
  optional: readonly DerElement[],
  version: 1 | 2 | 3,
): DerElement | undefined {
  const wrapper = optional.find(({ tag }) => tag === contextTag(3, 'constructed'));
  const order = [
    contextTag(1, 'primitive'),
    contextTag(2, 'primitive'),
    contextTag(3, 'constructed'),
  ];
  const places = optional.map(({ tag }) => order.indexOf(tag));
  if (!places.every((place, index) => place > (places[index - 1] ?? -1))) {
    throw new DerError('der_tag', 'unexpected fields follow the public key');
  }
  if ((optional.length > 0 && version === 1) || (wrapper !== undefined && version !== 3)) {
    throw new CertificateError('version', 'the certificate has fields of a later version');
  }
  if (wrapper !== undefined && wrapper.children.length !== 1) {
    throw new DerError('der_value', 'extensions hold more than one list');
  }
  return wrapper?.children[0];
}
