import { stringify } from 'yaml';

/** How a kubeconfig's user proves who it is. */
export type KubeconfigUser =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'client-certificate';
      readonly certificatePem: string;
      readonly privateKeyPem: string;
    };

export interface KubeconfigOptions {
  readonly url: string;
  readonly caPem: string;
  readonly user: string;
  readonly credentials: KubeconfigUser;
  readonly namespace?: string | undefined;
}

/** A kubeconfig (YAML) with everything embedded. */
export function kubeconfigYaml(options: KubeconfigOptions): string {
  const { url, caPem, user, credentials, namespace } = options;
  const cluster = 'istio-ra-sandbox';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: cluster, cluster: { server: url, 'certificate-authority-data': base64(caPem) } },
    ],
    users: [{ name: user, user: userEntry(credentials) }],
    contexts: [
      {
        name: cluster,
        context: { cluster, user, ...(namespace === undefined ? {} : { namespace }) },
      },
    ],
    'current-context': cluster,
  });
}

function userEntry(credentials: KubeconfigUser): Readonly<Record<string, string>> {
  switch (credentials.kind) {
    case 'token':
      return { token: credentials.token };
    case 'client-certificate':
      return {
        'client-certificate-data': base64(credentials.certificatePem),
        'client-key-data': base64(credentials.privateKeyPem),
      };
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
