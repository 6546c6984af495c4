import { isJsonObject, listAt, objectAt, stringAt } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import { readYaml, YamlError } from '../../base/yaml-document.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { expiryOf } from './token-expiry.ts';

/** As much as a Secret can hold. */
const maxKubeconfigLength = 1 << 20;

/** What may stand in each part; anything else might run a program, read a file or trust anybody. */
const clusterFields = ['server', 'certificate-authority-data', 'tls-server-name', 'extensions'];
const userFields = ['token', 'client-certificate-data', 'client-key-data', 'extensions'];

/**
 * Reads a kubeconfig that came from elsewhere, such as a Secret: everything embedded, https, the
 * server's certificate verified, a token or a client certificate. Exec plugins, names of files,
 * proxies and impersonation are refused. `origin` is for logs.
 *
 * Throws an Error that quotes nothing of the text but the names of fields, contexts and the like.
 *
 * Divergence: istiod follows exec plugins and files where the name of the plugin is allowed to it.
 */
export function readEmbeddedKubeconfig(text: string, origin: string): ClusterAccess {
  const config = parseYaml(text);
  const name = required(config, 'current-context', 'the kubeconfig');
  const context = named(config, 'contexts', 'context', name);
  const clusterName = required(context, 'cluster', `context "${name}"`);
  const userName = required(context, 'user', `context "${name}"`);
  const cluster = named(config, 'clusters', 'cluster', clusterName);
  const user = named(config, 'users', 'user', userName);
  checkFields(cluster, clusterFields, `cluster "${clusterName}"`);
  checkFields(user, userFields, `user "${userName}"`);
  const credentials = readCredentials(cluster, user, userName);
  return {
    server: readServer(cluster, clusterName),
    origin,
    namespace: stringAt(context, 'namespace'),
    // They change with the text they came in, and never by themselves.
    credentials: () => Promise.resolve(credentials),
    renew: () => Promise.resolve(credentials),
  };
}

function parseYaml(text: string): JsonObject {
  if (text.length > maxKubeconfigLength) throw new Error('the kubeconfig is too long');
  const parsed = valueOf(text);
  if (!isJsonObject(parsed)) throw new Error('the kubeconfig is no mapping');
  return parsed;
}

function valueOf(text: string): unknown {
  try {
    return readYaml(text, { maxAliases: 0 });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    // Its message, and so its cause, may quote the text, in which there are secrets.
    const where = error.line === undefined ? '' : ` (line ${error.line})`;
    throw new Error(`the kubeconfig is not YAML that is read here${where}`);
  }
}

/** kubectl's own way: the first entry of a name counts. */
function named(config: JsonObject, list: string, kind: string, name: string): JsonObject {
  const entry = listAt(config, list).find((item) => isJsonObject(item) && item['name'] === name);
  if (!isJsonObject(entry)) throw new Error(`the kubeconfig has no ${kind} "${name}"`);
  return objectAt(entry, kind);
}

function required(parent: JsonObject, field: string, where: string): string {
  const value = stringAt(parent, field);
  if (value === undefined || value === '') throw new Error(`${where} has no ${field}`);
  return value;
}

function checkFields(object: JsonObject, allowed: readonly string[], where: string): void {
  const strange = Object.keys(object).find((field) => !allowed.includes(field));
  if (strange === undefined) return;
  throw new Error(`${where} has the field ${JSON.stringify(strange)}, which is not taken here`);
}

function readServer(cluster: JsonObject, name: string): string {
  const url = URL.parse(required(cluster, 'server', `cluster "${name}"`));
  if (url?.protocol !== 'https:') throw new Error(`the server of cluster "${name}" is not https`);
  if (url.username + url.password + url.search + url.hash !== '') {
    throw new Error(`the server of cluster "${name}" is more than a host, a port and a path`);
  }
  return url.href.replace(/\/+$/, '');
}

function readCredentials(cluster: JsonObject, user: JsonObject, name: string): Credentials {
  const token = stringAt(user, 'token')?.trim();
  const tls = readTls(cluster, user);
  if (!token && tls.cert === undefined) {
    throw new Error(`user "${name}" has neither a token nor a client certificate with its key`);
  }
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const expiresAt = expiryOf(headers.authorization);
  return { headers, tls, ...(expiresAt !== undefined && { expiresAt }) };
}

function readTls(cluster: JsonObject, user: JsonObject): TlsMaterial {
  const cert = decodedAt(user, 'client-certificate-data');
  const key = decodedAt(user, 'client-key-data');
  const ca = decodedAt(cluster, 'certificate-authority-data');
  const servername = stringAt(cluster, 'tls-server-name');
  return {
    ...(ca && { ca }),
    ...(cert && key && { cert, key }),
    ...(servername && { servername }),
  };
}

function decodedAt(object: JsonObject, field: string): string | undefined {
  const encoded = stringAt(object, field);
  return encoded ? Buffer.from(encoded, 'base64').toString('utf8') : undefined;
}
