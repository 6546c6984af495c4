import { isJsonObject, listAt, objectAt, textAt } from '../../base/json.ts';
import { isNotFound, KubeApiError } from '../api-error.ts';
import type {
  ClusterTrustBundle,
  ClusterTrustBundleDraft,
  ClusterTrustBundles,
} from '../cluster-trust-bundles.ts';
import type { ResourceSource } from '../resource-source.ts';
import { ownersOf } from './field-managers.ts';
import type { ObjectCalls, ObjectPath } from './object-calls.ts';

const resource = 'clustertrustbundles';
const group = '/apis/certificates.k8s.io';
/** The newest first. */
const versions = ['v1', 'v1beta1'];

export interface KubernetesClusterTrustBundlesOptions {
  readonly calls: ObjectCalls;
  /** Those that a label selector selects, in the folder of one version. */
  readonly source: (folder: string, labelSelector: string) => ResourceSource<ClusterTrustBundle>;
}

/** ClusterTrustBundles of certificates.k8s.io, in the newest version that the API server has. */
export class KubernetesClusterTrustBundles implements ClusterTrustBundles {
  readonly #calls: ObjectCalls;
  readonly #source: KubernetesClusterTrustBundlesOptions['source'];
  #version: string | undefined;

  constructor({ calls, source }: KubernetesClusterTrustBundlesOptions) {
    this.#calls = calls;
    this.#source = source;
  }

  async isServed(signal: AbortSignal): Promise<boolean> {
    this.#version = undefined;
    for (const version of versions) {
      const document = await this.#calls.document(`${group}/${version}`, resource, signal);
      const entries = listAt(document ?? {}, 'resources').filter(isJsonObject);
      if (entries.some((entry) => textAt(entry, 'name') === resource)) {
        this.#version = version;
        return true;
      }
    }
    return false;
  }

  async list(labelSelector: string, signal: AbortSignal): Promise<readonly ClusterTrustBundle[]> {
    const folder = `${group}/${await this.#served('list', signal)}`;
    return (await this.#source(folder, labelSelector).list(signal)).items;
  }

  async apply(draft: ClusterTrustBundleDraft, signal: AbortSignal): Promise<void> {
    const { name, labels, signerName, trustBundle } = draft;
    const version = await this.#served('patch', signal);
    const object = {
      apiVersion: `certificates.k8s.io/${version}`,
      kind: 'ClusterTrustBundle',
      metadata: { name, labels },
      spec: { signerName, trustBundle },
    };
    await this.#calls.apply(pathOf(version, name), object, signal);
  }

  async remove(
    { name, uid, resourceVersion }: Pick<ClusterTrustBundle, 'name' | 'uid' | 'resourceVersion'>,
    signal: AbortSignal,
  ): Promise<void> {
    const path = pathOf(await this.#served('delete', signal), name);
    try {
      await this.#calls.delete(path, { uid, resourceVersion }, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #served(verb: string, signal: AbortSignal): Promise<string> {
    if (this.#version === undefined) await this.isServed(signal);
    if (this.#version !== undefined) return this.#version;
    throw new KubeApiError('the API server has no ClusterTrustBundles', {
      status: 404,
      reason: 'NotFound',
      verb,
      resource,
    });
  }
}

function pathOf(version: string, name: string): ObjectPath {
  return { resource, folder: `${group}/${version}/${resource}`, name };
}

/** Throws when `raw` is no ClusterTrustBundle. */
export function parseClusterTrustBundle(raw: unknown): ClusterTrustBundle {
  const object = isJsonObject(raw) ? raw : {};
  const metadata = objectAt(object, 'metadata');
  const name = textAt(metadata, 'name');
  if (name === '') throw new Error('the object is no ClusterTrustBundle');
  const spec = objectAt(object, 'spec');
  return {
    name,
    uid: textAt(metadata, 'uid'),
    resourceVersion: textAt(metadata, 'resourceVersion'),
    signerName: textAt(spec, 'signerName'),
    trustBundle: textAt(spec, 'trustBundle'),
    isOurs: ownersOf(metadata, ['f:spec', 'f:trustBundle']).isOurs,
  };
}
