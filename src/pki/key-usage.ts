/** RFC 5280 section 4.2.1.3, in the order of the bits. */
export const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsageName = (typeof keyUsageNames)[number];

/** RFC 5280 section 4.2.1.12: the purposes that have a name. */
export const extendedKeyUsageOids: ReadonlyMap<string, string> = new Map([
  ['any', '2.5.29.37.0'],
  ['serverAuth', '1.3.6.1.5.5.7.3.1'],
  ['clientAuth', '1.3.6.1.5.5.7.3.2'],
  ['codeSigning', '1.3.6.1.5.5.7.3.3'],
  ['emailProtection', '1.3.6.1.5.5.7.3.4'],
  ['timeStamping', '1.3.6.1.5.5.7.3.8'],
  ['ocspSigning', '1.3.6.1.5.5.7.3.9'],
]);

/** The name of a purpose, or its OID where it has none. */
export function extendedKeyUsageName(oid: string): string {
  for (const [name, known] of extendedKeyUsageOids) if (known === oid) return name;
  return oid;
}
