import { writeFileSync } from 'node:fs';
import type { KeyPairFiles } from './key-pairs.ts';

/** With what a user of the API server proves who they are. */
export type Credential =
  | { readonly kind: 'certificate'; readonly pair: KeyPairFiles }
  | { readonly kind: 'token'; readonly token: string }
  /** A file that is read again when it changes, as a projected token is. */
  | { readonly kind: 'token-file'; readonly tokenFile: string };

export interface KubeconfigOptions {
  readonly file: string;
  readonly server: string;
  readonly caFile: string;
  readonly credential: Credential;
}

/** Writes a kubeconfig with one cluster and one user; only the owner may read it. */
export function writeKubeconfig({ file, server, caFile, credential }: KubeconfigOptions): void {
  const name = 'istio-ra-e2e';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name, user: userOf(credential) }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  // JSON is YAML.
  writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}

function userOf(credential: Credential): Record<string, string> {
  switch (credential.kind) {
    case 'certificate':
      return {
        'client-certificate': credential.pair.certFile,
        'client-key': credential.pair.keyFile,
      };
    case 'token':
      return { token: credential.token };
    case 'token-file':
      return { tokenFile: credential.tokenFile };
  }
}
