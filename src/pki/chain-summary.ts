import { x509 } from './crypto.ts';
import { extendedKeyUsageName, keyUsageNames } from './key-usage.ts';

/** One certificate of a chain, in words for people. */
export interface CertificateSummary {
  readonly subject: string;
  readonly issuer: string;
  readonly subjectAltNames: readonly string[];
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Such as `EC P-256` or `RSA 2048`. */
  readonly key: string;
  readonly isCa: boolean;
  readonly keyUsages: readonly string[];
  readonly extendedKeyUsages: readonly string[];
}

/** Summaries for printing, one for each PEM text. Decides nothing: checks use certificate.ts. */
export function summarizeChain(pems: readonly string[]): readonly CertificateSummary[] {
  return pems.map((pem) => summarize(new x509.X509Certificate(pem)));
}

function summarize(certificate: x509.X509Certificate): CertificateSummary {
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const constraints = certificate.getExtension(x509.BasicConstraintsExtension);
  const usages = certificate.getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
  const purposes = certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    subjectAltNames: names.map(({ type, value }) => `${type === 'url' ? 'uri' : type}:${value}`),
    serialNumber: certificate.serialNumber,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    key: describeKey(certificate.publicKey.algorithm),
    isCa: constraints?.ca ?? false,
    keyUsages: keyUsageNames.filter((_, bit) => (usages & (1 << bit)) !== 0),
    extendedKeyUsages: purposes.map((purpose) => extendedKeyUsageName(purpose.toString())),
  };
}

function describeKey(algorithm: unknown): string {
  const { name, namedCurve, modulusLength } = Object(algorithm) as Record<string, unknown>;
  if (typeof namedCurve === 'string') return `EC ${namedCurve}`;
  if (typeof modulusLength === 'number') return `RSA ${modulusLength}`;
  return typeof name === 'string' ? name : 'unknown';
}
