import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { FreshCredentials } from './credentials.ts';
import type { Credentials } from './credentials.ts';
import { KubeconfigCredentials } from './kubeconfig-credentials.ts';
import { loadKubeconfigFiles } from './kubeconfig-files.ts';
import type { LoadedConfig } from './kubeconfig-files.ts';
import { messageOf } from '../../base/error-message.ts';

/** Which API server, and what proves us to it at any moment. */
export interface ClusterAccess {
  /** URL of the API server, without a slash at the end; it may have a path. */
  readonly server: string;
  /** Where the access came from, for logs. */
  readonly origin: string;
  /** The namespace of the context, or of the pod. */
  readonly namespace: string | undefined;
  credentials(): Promise<Credentials>;
  /** After a 401 to `refused`: newer ones, or the same object when there are none. */
  renew(refused: Credentials): Promise<Credentials>;
}

/** What Kubernetes tells a pod about its API server. */
export interface PodEnvironment {
  /** The value of KUBERNETES_SERVICE_HOST. */
  readonly host: string;
  /** The value of KUBERNETES_SERVICE_PORT. */
  readonly port: string;
  /** Where token, ca.crt and namespace lie; Kubernetes' own folder where absent. */
  readonly folder?: string;
}

export interface ClusterAccessOptions {
  /** A kubeconfig file that was asked for by name. */
  readonly kubeconfigPath?: string | undefined;
  /** The value of KUBECONFIG: one file or more. */
  readonly kubeconfigVariable?: string | undefined;
  /** Undefined outside a pod. */
  readonly pod?: PodEnvironment | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const podFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

interface Origin {
  readonly origin: string;
  readonly load: () => LoadedConfig;
}

/**
 * Finds the API server: the named kubeconfig, else KUBECONFIG, else the pod's service account.
 * Thrown when there is none, or when it cannot be used; the message says what to do.
 */
export async function loadClusterAccess(options: ClusterAccessOptions): Promise<ClusterAccess> {
  const { clock, log } = options;
  const { origin, load } = chooseOrigin(options);
  const loaded = load();
  const source = new KubeconfigCredentials(load, loaded);
  const fresh = new FreshCredentials({
    source,
    first: await readFirst(source, origin),
    clock,
    log,
  });
  const { server, skipTLSVerify } = loaded.cluster;
  if (skipTLSVerify) {
    log.warn('the certificate of the Kubernetes API is not verified', { server, origin });
  }
  return {
    server,
    origin,
    namespace: loaded.namespace,
    credentials: () => fresh.current(),
    renew: (refused) => fresh.renew(refused),
  };
}

async function readFirst(source: KubeconfigCredentials, origin: string): Promise<Credentials> {
  try {
    return await source.read(false);
  } catch (error) {
    throw new Error(`cannot read the credentials that ${origin} names: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function chooseOrigin({ kubeconfigPath, kubeconfigVariable, pod }: ClusterAccessOptions): Origin {
  if (kubeconfigPath !== undefined && kubeconfigPath !== '') {
    return { origin: kubeconfigPath, load: () => loadKubeconfigFiles([kubeconfigPath]) };
  }
  const files = (kubeconfigVariable ?? '').split(path.delimiter).filter((file) => file !== '');
  if (files.length > 0) {
    const origin = `KUBECONFIG=${files.join(path.delimiter)}`;
    return { origin, load: () => loadKubeconfigFiles(files) };
  }
  if (pod !== undefined && pod.host !== '') {
    return { origin: "the pod's service account", load: () => loadPodAccount(pod) };
  }
  throw new Error(
    'no Kubernetes API to talk to: name a kubeconfig with --kubeconfig or KUBECONFIG, ' +
      'or run in a pod (KUBERNETES_SERVICE_HOST is not set)',
  );
}

function loadPodAccount({ host, port, folder = podFolder }: PodEnvironment): LoadedConfig {
  const name = 'pod';
  const caFile = path.join(folder, 'ca.crt');
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const cluster = { name, server, caFile, skipTLSVerify: false };
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, { name });
  return {
    config,
    cluster,
    user: { name },
    namespace: readIfThere(path.join(folder, 'namespace')),
    tokenFile: path.join(folder, 'token'),
    text: '',
  };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    return undefined; // Only a default for others: the account works without it.
  }
}
