import { sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { ContractServer, Rule, ServiceAccountName } from './contract-server.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { RawApi } from './raw-api.ts';
import type { Json } from './raw-api.ts';

export interface RealServerOptions {
  /** Of an administrator. */
  readonly kubeconfigPath: string;
  /** The API server's store, where it is at hand. */
  readonly etcdUrl: string | undefined;
  /** The key (RSA, PEM) that the API server signs tokens with, where it is at hand. */
  readonly tokenKeyFile: string | undefined;
}

/** The API server that a kubeconfig names. */
export async function openRealServer(options: RealServerOptions): Promise<ContractServer> {
  const { kubeconfigPath, etcdUrl, tokenKeyFile } = options;
  const access = await readKubeconfig(await readFile(kubeconfigPath, 'utf8'));
  const api = new RawApi({ ...access, credentials: access.administrator });
  const granted: ServiceAccountName[] = [];
  return {
    kind: 'real',
    ...access,
    grant: async (account, rules) => {
      granted.push(account);
      await grant(api, account, rules);
    },
    compact: etcdUrl === undefined ? undefined : () => compact(etcdUrl),
    // A watch cache begins with the state in which the server found its objects when it started.
    ancientVersion: () => Promise.resolve('1'),
    expiredToken:
      tokenKeyFile === undefined
        ? undefined
        : (account) => expiredToken(api, account, tokenKeyFile),
    stop: async () => {
      for (const account of granted) await revoke(api, account);
      api.close();
    },
  };
}

const group = 'rbac.authorization.k8s.io';
const rbac = `/apis/${group}/v1`;

async function grant(
  api: RawApi,
  { namespace, name }: ServiceAccountName,
  rules: readonly Rule[],
): Promise<void> {
  const metadata = { name: roleOf({ namespace, name }) };
  await mustCreate(api, `${rbac}/clusterroles`, { metadata, rules });
  await mustCreate(api, `${rbac}/clusterrolebindings`, {
    metadata,
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  });
  const user = `system:serviceaccount:${namespace}:${name}`;
  const mayAll = async (): Promise<boolean> => {
    const verdicts = await Promise.all(rules.map((rule) => may(api, user, rule)));
    return verdicts.every(Boolean);
  };
  // The authorizer learns of roles through watches of its own.
  const patience = { timeoutMs: 10_000, intervalMs: 20 };
  await awaitUntil(mayAll, { what: `${user} has its rights`, ...patience });
}

function roleOf({ namespace, name }: ServiceAccountName): string {
  return `${namespace}-${name}`;
}

async function revoke(api: RawApi, account: ServiceAccountName): Promise<void> {
  for (const plural of ['clusterrolebindings', 'clusterroles']) {
    await api.send({ method: 'DELETE', path: `${rbac}/${plural}/${roleOf(account)}` });
  }
}

async function may(api: RawApi, user: string, rule: Rule): Promise<boolean> {
  const [resource = '', subresource] = (rule.resources[0] ?? '').split('/');
  const resourceAttributes = {
    group: rule.apiGroups[0],
    resource,
    subresource,
    verb: rule.verbs[0],
    name: rule.resourceNames?.[0],
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const body = { spec: { user, resourceAttributes } };
  const { json } = await api.send({ method: 'POST', path, body });
  return (json['status'] as Json | undefined)?.['allowed'] === true;
}

async function mustCreate(api: RawApi, path: string, body: Json): Promise<void> {
  const { status, text } = await api.send({ method: 'POST', path, body });
  if (status !== 201) throw new Error(`${path}: ${text}`);
}

/** Forgets every revision but the newest, through etcd's own gateway. */
async function compact(etcdUrl: string): Promise<void> {
  const post = async (path: string, body: Json): Promise<Json> => {
    const answer = await fetch(`${etcdUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
    return (await answer.json()) as Json;
  };
  const { header } = await post('/v3/kv/range', { key: 'AA==' });
  await post('/v3/kv/compaction', { revision: (header as Json)['revision'] });
}

/** A token as the server makes it, dated back and signed anew. */
async function expiredToken(
  api: RawApi,
  { namespace, name }: ServiceAccountName,
  keyFile: string,
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { spec: { audiences: ['istio-ca'], expirationSeconds: 600 } };
  const { json } = await api.send({ method: 'POST', path, body });
  const [header = '', payload = ''] = String((json['status'] as Json)['token']).split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, number>;
  for (const time of ['exp', 'iat', 'nbf']) claims[time] = (claims[time] ?? 0) - 660;
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature = sign('sha256', Buffer.from(signed), await readFile(keyFile, 'utf8'));
  return `${signed}.${signature.toString('base64url')}`;
}
