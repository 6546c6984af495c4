import { CoreV1Api } from '@kubernetes/client-node';
import { isNotFound } from '../api-error.ts';
import type { PodLookup } from '../pod-directory.ts';
import type { Pod } from '../objects.ts';
import type { ResourceSource } from '../resource-source.ts';
import type { ApiCalls } from './api-calls.ts';
import { parsePod } from './resource-objects.ts';

const get = { verb: 'get', resource: 'pods' };

export interface KubernetesPodLookupOptions {
  readonly calls: ApiCalls;
  /** The pods of one namespace that a field selector selects. */
  readonly source: (namespace: string, fieldSelector: string) => ResourceSource<Pod>;
}

/** Pods by name and by node, asked for one at a time. */
export class KubernetesPodLookup implements PodLookup {
  readonly #calls: ApiCalls;
  readonly #api: CoreV1Api;
  readonly #source: KubernetesPodLookupOptions['source'];

  constructor({ calls, source }: KubernetesPodLookupOptions) {
    this.#calls = calls;
    this.#api = new CoreV1Api(calls.configuration);
    this.#source = source;
  }

  async read(namespace: string, name: string, signal: AbortSignal): Promise<Pod | undefined> {
    try {
      const raw = await this.#calls.send(get, signal, (options) =>
        this.#api.readNamespacedPodWithHttpInfo({ namespace, name }, options),
      );
      return parsePod(raw);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async listOnNode(
    namespace: string,
    nodeName: string,
    signal: AbortSignal,
  ): Promise<readonly Pod[]> {
    return (await this.#source(namespace, `spec.nodeName=${nodeName}`).list(signal)).items;
  }
}
