import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import type { Credentials } from './raw-api.ts';

export interface AdministratorAccess {
  readonly url: string;
  readonly caPem: string;
  readonly administrator: Credentials;
}

type Entry = Readonly<Record<string, string>>;

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Entry }[];
  readonly users: readonly { readonly user: Entry }[];
}

/** The way in that a kubeconfig (YAML) with one cluster and one user shows. */
export async function readKubeconfig(yaml: string): Promise<AdministratorAccess> {
  const config = parseYaml(yaml) as Kubeconfig;
  const { cluster } = only(config.clusters);
  const { user } = only(config.users);
  return {
    url: cluster['server'] ?? '',
    caPem: await pemOf(cluster, 'certificate-authority'),
    administrator: await credentialsOf(user),
  };
}

function only<T>(entries: readonly T[]): T {
  const [entry, ...more] = entries;
  if (entry === undefined || more.length > 0) {
    throw new Error('the kubeconfig of the contract suite must have one cluster and one user');
  }
  return entry;
}

async function pemOf(entry: Entry, name: string): Promise<string> {
  const data = entry[`${name}-data`];
  if (data !== undefined) return Buffer.from(data, 'base64').toString();
  return readFile(entry[name] ?? '', 'utf8');
}

async function credentialsOf(user: Entry): Promise<Credentials> {
  if (user['token'] !== undefined) return { kind: 'token', token: user['token'] };
  return {
    kind: 'certificate',
    certificatePem: await pemOf(user, 'client-certificate'),
    privateKeyPem: await pemOf(user, 'client-key'),
  };
}
