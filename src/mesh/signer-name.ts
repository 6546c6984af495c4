/**
 * The grammar of a CertificateSigningRequest's signerName, as the Kubernetes API server holds it
 * (certificates.k8s.io/v1): `<domain with a dot>/<path>`, the path being DNS labels joined by dots.
 */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** A subdomain and a label joined by a dot: room for `<namespace>.<issuer>`. */
const maxPathLength = 253 + 1 + 63;
const maxDomainLength = 253;

/** A full signer name, such as `clusterissuers.cert-manager.io/foo`, whose grammar was checked. */
export type SignerName = string & { readonly __kind: 'SignerName' };

/** Thrown when a text is not a signer name that we may ever ask for. */
export class SignerNameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SignerNameError';
  }
}

function hasOnlyLabels(text: string): boolean {
  return text.split('.').every((part) => label.test(part));
}

/** Throws SignerNameError unless `text` is a domain that signer names can start with. */
export function parseSignerDomain(text: string): string {
  const wellFormed = text.length <= maxDomainLength && text.includes('.') && hasOnlyLabels(text);
  if (!wellFormed) {
    throw new SignerNameError(
      'a signer domain is DNS labels joined by dots, with one dot at least',
    );
  }
  if (text === 'kubernetes.io' || text.endsWith('.kubernetes.io')) {
    throw new SignerNameError(`signers of ${text} mint cluster credentials and are never used`);
  }
  return text;
}

/** The full name of signer `path` under `domain`. Throws SignerNameError. */
export function signerUnder(domain: string, path: string): SignerName {
  const wellFormed = path.length > 0 && path.length <= maxPathLength && hasOnlyLabels(path);
  if (!wellFormed) throw new SignerNameError('a signer is DNS labels joined by dots');
  return `${parseSignerDomain(domain)}/${path}` as SignerName;
}

/** Reads a full signer name. Throws SignerNameError. */
export function parseSignerName(text: string): SignerName {
  const parts = text.length <= maxDomainLength + 1 + maxPathLength ? text.split('/') : [];
  const [domain = '', path = ''] = parts;
  if (parts.length !== 2) throw new SignerNameError('a full signer name is <domain>/<path>');
  return signerUnder(domain, path);
}
