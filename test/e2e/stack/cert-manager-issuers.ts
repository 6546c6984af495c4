import type { Manifest } from './kubectl.ts';

/** Where a ClusterIssuer's Secrets live. */
export const clusterResourceNamespace = 'cert-manager';

/** An issuer of one tenant. */
export type IssuerRef =
  | { readonly kind: 'ClusterIssuer'; readonly name: string }
  | { readonly kind: 'Issuer'; readonly name: string; readonly namespace: string };

const rootName = 'self-signed';
const api = 'cert-manager.io/v1';

/** The name by which a CertificateSigningRequest asks for an issuer. */
export function signerNameOf(issuer: IssuerRef): string {
  return issuer.kind === 'ClusterIssuer'
    ? `clusterissuers.cert-manager.io/${issuer.name}`
    : `issuers.cert-manager.io/${issuer.namespace}.${issuer.name}`;
}

/** The issuer that signs each CA certificate with its own key. */
export function selfSignedIssuer(): Manifest {
  return {
    apiVersion: api,
    kind: 'ClusterIssuer',
    metadata: { name: rootName },
    spec: { selfSigned: {} },
  };
}

/** A CA certificate, and the issuer that signs with it. */
export function issuerManifests(issuer: IssuerRef): Manifest[] {
  const secretName = secretOf(issuer);
  const namespace = namespaceOfSecret(issuer);
  return [
    {
      apiVersion: api,
      kind: 'Certificate',
      metadata: { name: secretName, namespace },
      spec: {
        isCA: true,
        commonName: `${issuer.name}-root`,
        secretName,
        // cert-manager's defaults, 90 days and a new key each time, would change the root while
        // mesh config goes on naming the old one.
        duration: '87600h',
        privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Never' },
        issuerRef: { group: 'cert-manager.io', kind: 'ClusterIssuer', name: rootName },
      },
    },
    {
      apiVersion: api,
      kind: issuer.kind,
      metadata:
        issuer.kind === 'Issuer'
          ? { name: issuer.name, namespace: issuer.namespace }
          : { name: issuer.name },
      spec: { ca: { secretName } },
    },
  ];
}

/** The Secret with an issuer's key and certificate. */
export function secretOf(issuer: IssuerRef): string {
  return `${issuer.name}-root`;
}

/** The namespace of that Secret. */
export function namespaceOfSecret(issuer: IssuerRef): string {
  return issuer.kind === 'Issuer' ? issuer.namespace : clusterResourceNamespace;
}
