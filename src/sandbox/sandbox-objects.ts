import { seedNamespace } from './namespace-lifecycle.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import { withNewMetadata } from './object-metadata.ts';
import type { ObjectStore, UnstoredObject } from './object-store.ts';
import { resources } from './resource-registry.ts';
import type { ResourceDefinition } from './resource-registry.ts';

export interface PodOptions {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  /** A Node of that name is made as well. */
  readonly nodeName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** `Running` where absent. */
  readonly phase?: string;
}

export interface ConfigMapOptions {
  readonly namespace: string;
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ProxyConfigOptions {
  readonly namespace: string;
  readonly name: string;
  readonly environmentVariables?: Readonly<Record<string, string>>;
  /** `matchLabels`; the whole namespace where absent. */
  readonly selector?: Readonly<Record<string, string>>;
}

export interface ObjectPlace {
  /** The plural name. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Makes the next state of an object out of the present one. */
export type ObjectChange = (object: KubeObject) => UnstoredObject;

/** Puts objects into a store directly, as a cluster's other inhabitants would have done. */
export class SandboxObjects {
  readonly #store: ObjectStore;
  readonly #now: () => number;

  constructor(store: ObjectStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** A namespace with its `default` account; one that is there is given the labels. */
  createNamespace(name: string, labels: Readonly<Record<string, string>> = {}): KubeObject {
    const all = { ...labels, 'kubernetes.io/metadata.name': name };
    if (this.#store.get('namespaces', undefined, name) !== undefined) {
      return this.change({ resource: 'namespaces', namespace: undefined, name }, (object) => ({
        ...object,
        metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...all } },
      }));
    }
    const namespace = this.create('namespaces', undefined, {
      metadata: { name, labels: all },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    seedNamespace(this.#store, name, this.#now());
    return namespace;
  }

  /** An account; one that is there stays. */
  createServiceAccount(namespace: string, name: string): KubeObject {
    return (
      this.#store.get('serviceaccounts', namespace, name) ??
      this.create('serviceaccounts', namespace, { metadata: { name } })
    );
  }

  createPod({ namespace, name, serviceAccount, nodeName, ...options }: PodOptions): KubeObject {
    if (nodeName !== undefined && this.#store.get('nodes', undefined, nodeName) === undefined) {
      this.create('nodes', undefined, { metadata: { name: nodeName }, spec: {}, status: {} });
    }
    const { labels = {}, annotations = {}, phase = 'Running' } = options;
    return this.create('pods', namespace, {
      metadata: { name, labels, annotations },
      spec: {
        serviceAccountName: serviceAccount,
        serviceAccount,
        ...(nodeName === undefined ? {} : { nodeName }),
        containers: [{ name: 'app', image: 'app' }],
      },
      status: { phase },
    });
  }

  createConfigMap({ namespace, name, data, labels = {} }: ConfigMapOptions): KubeObject {
    return this.create('configmaps', namespace, { metadata: { name, labels }, data });
  }

  createProxyConfig(options: ProxyConfigOptions): KubeObject {
    const { namespace, name, environmentVariables = {}, selector } = options;
    return this.create('proxyconfigs', namespace, {
      metadata: { name },
      spec: {
        ...(selector === undefined ? {} : { selector: { matchLabels: selector } }),
        environmentVariables,
      },
    });
  }

  /** Everything of a resource, by its plural name, as it is now; frozen. */
  list(resource: string): readonly KubeObject[] {
    return this.#store.list(resource).objects;
  }

  /** Anything; `body` needs a `metadata.name`. Throws when the name is taken. */
  create(plural: string, namespace: string | undefined, body: JsonObject): KubeObject {
    const definition = definitionOf(plural);
    const object = withNewMetadata(body, { definition, namespace }, this.#now());
    if (this.#store.get(plural, namespace, object.metadata.name) !== undefined) {
      throw new Error(`${plural} "${object.metadata.name}" already exists`);
    }
    return this.#store.insert(plural, object);
  }

  /** Replaces an object by what `change` makes of it. Throws when there is none. */
  change(place: ObjectPlace, change: ObjectChange): KubeObject {
    const current = this.#find(place);
    return this.#store.replace(place.resource, change(current), current);
  }

  /** Removes an object. Throws when there is none. */
  delete(place: ObjectPlace): void {
    this.#store.remove(place.resource, this.#find(place));
  }

  #find({ resource, namespace, name }: ObjectPlace): KubeObject {
    const found = this.#store.get(resource, namespace, name);
    if (found === undefined) throw new Error(`${resource} "${name}" not found`);
    return found;
  }
}

function definitionOf(plural: string): ResourceDefinition {
  const definition = resources.find((known) => known.plural === plural);
  if (definition === undefined) throw new Error(`the sandbox has no resource ${plural}`);
  return definition;
}
