import { readFileSync } from 'node:fs';
import path from 'node:path';
import { KubeConfig, loadYaml } from '@kubernetes/client-node';
import type { Cluster, Context, User } from '@kubernetes/client-node';
import { codeOf, messageOf } from '../../base/error-message.ts';

/** A configuration that names one cluster and one user to reach it. */
export interface LoadedConfig {
  readonly config: KubeConfig;
  readonly cluster: Cluster;
  readonly user: User;
  readonly namespace: string | undefined;
  /** Where the user's token is to be read again and again; undefined where it is no file. */
  readonly tokenFile: string | undefined;
  /** All that was read to make this: while it is the same, so is what it says. */
  readonly text: string;
}

interface OneFile {
  readonly text: string;
  readonly config: KubeConfig;
  readonly tokenFiles: ReadonlyMap<string, string>;
}

/**
 * Reads kubeconfig files as kubectl does: of two entries with one name, and of two current contexts,
 * the first one counts, and a missing file among several is passed over.
 * Thrown when nothing usable is left; the message says what to do.
 */
export function loadKubeconfigFiles(files: readonly string[]): LoadedConfig {
  const read = files.flatMap((file) => {
    const one = readKubeconfig(file, files.length > 1);
    return one === undefined ? [] : [one];
  });
  const config = merge(read.map((one) => one.config));
  const context = currentContext(config, files.join(path.delimiter));
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null) {
    const missing = cluster === null ? `cluster "${context.cluster}"` : `user "${context.user}"`;
    throw new Error(
      `context "${context.name}" of ${files.join(path.delimiter)} names the ${missing}, ` +
        'which is not there: correct the file or choose another context',
    );
  }
  refuseUnsupported(cluster);
  const tokenFile = read
    .map((one) => one.tokenFiles.get(user.name))
    .find((file) => file !== undefined);
  const text = read.map((one) => one.text).join('\n---\n');
  return { config, cluster, user, namespace: context.namespace, tokenFile, text };
}

function readKubeconfig(file: string, mayBeMissing: boolean): OneFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const isMissing = codeOf(error) === 'ENOENT';
    if (isMissing && mayBeMissing) return undefined;
    const why = isMissing ? 'is not there' : 'cannot be read';
    throw new Error(`kubeconfig ${file} ${why}: check --kubeconfig or KUBECONFIG`, {
      cause: error,
    });
  }
  try {
    const config = new KubeConfig();
    config.loadFromString(text);
    config.makePathsAbsolute(path.dirname(path.resolve(file)));
    return { text, config, tokenFiles: findTokenFiles(text, path.dirname(path.resolve(file))) };
  } catch (error) {
    throw new Error(`kubeconfig ${file} is malformed: ${messageOf(error)}`, { cause: error });
  }
}

/** kubectl's `tokenFile`, which client-node does not know. */
function findTokenFiles(text: string, folder: string): ReadonlyMap<string, string> {
  const document = loadYaml<{
    users?: readonly { name?: unknown; user?: { tokenFile?: unknown } | null }[];
  } | null>(text);
  const found = new Map<string, string>();
  for (const { name, user } of document?.users ?? []) {
    const tokenFile = user?.tokenFile;
    if (typeof name === 'string' && typeof tokenFile === 'string' && tokenFile !== '') {
      found.set(name, path.resolve(folder, tokenFile));
    }
  }
  return found;
}

function merge(configs: readonly KubeConfig[]): KubeConfig {
  const merged = new KubeConfig();
  merged.loadFromOptions({
    clusters: firstOfEachName(configs.flatMap((config) => config.getClusters())),
    users: firstOfEachName(configs.flatMap((config) => config.getUsers())),
    contexts: firstOfEachName(configs.flatMap((config) => config.getContexts())),
    currentContext: configs.map((config) => config.getCurrentContext()).find(Boolean),
  });
  return merged;
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return [...byName.values()];
}

function currentContext(config: KubeConfig, files: string): Context {
  const known = config.getContexts().map((context) => context.name);
  const choose = `choose one with "kubectl config use-context" (${known.join(', ') || 'it has none'})`;
  const name = config.getCurrentContext() as string | undefined;
  if (name === undefined || name === '') {
    throw new Error(`kubeconfig ${files} has no current-context: ${choose}`);
  }
  const context = config.getContextObject(name);
  if (context === null) {
    throw new Error(`kubeconfig ${files} has no context "${name}": ${choose}`);
  }
  return context;
}

function refuseUnsupported(cluster: Cluster): void {
  const { name, server, proxyUrl, skipTLSVerify } = cluster;
  if (!URL.canParse(server)) {
    throw new Error(`the server of cluster "${name}" is no URL: write https://host:port`);
  }
  if (proxyUrl !== undefined && proxyUrl !== '') {
    throw new Error(`cluster "${name}" has a proxy-url, which is not supported: remove it`);
  }
  if (!server.startsWith('https://') && !(server.startsWith('http://') && skipTLSVerify)) {
    throw new Error(
      `the server of cluster "${name}" is not https: use https, ` +
        'or set insecure-skip-tls-verify for a proxy on this machine',
    );
  }
}
