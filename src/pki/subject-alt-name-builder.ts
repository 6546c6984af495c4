import { x509 } from './crypto.ts';

export interface SubjectAltNames {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly critical: boolean;
}

/** The subjectAltName extension (RFC 5280 section 4.2.1.6): URIs, then DNS names, then addresses. */
export function subjectAltName({
  uris = [],
  dnsNames = [],
  ipAddresses = [],
  critical,
}: SubjectAltNames): x509.SubjectAlternativeNameExtension {
  const names: x509.JsonGeneralNames = [
    ...uris.map((value) => ({ type: 'url' as const, value })),
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return new x509.SubjectAlternativeNameExtension(names, critical);
}
