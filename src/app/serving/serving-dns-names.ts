export interface ServingDnsNamesOptions {
  /** ISTIOD_CUSTOM_HOST, item by item. */
  readonly customHosts: readonly string[];
  /** The host of the mesh's discovery address; undefined where it is not known. */
  readonly discoveryHost: string | undefined;
  /** The control plane's namespace. */
  readonly namespace: string;
  /** Empty or `default`: none. */
  readonly revision: string;
}

/** The Services by which clients reach a control plane, whatever its revision. */
const services = ['istiod', 'istiod-remote', 'istio-pilot'];

/**
 * The DNS names that clients of istiod may look for in its certificate: what it was told, and its
 * Services in its namespace. Sorted, each once.
 */
export function servingDnsNames(options: ServingDnsNamesOptions): readonly string[] {
  const { customHosts, discoveryHost, namespace, revision } = options;
  const revisioned = revision === '' || revision === 'default' ? [] : [`istiod-${revision}`];
  const told = [...customHosts, discoveryHost ?? ''].map((host) => host.trim());
  const own = [...services, ...revisioned].map((service) => `${service}.${namespace}.svc`);
  return [...new Set([...told, ...own])].filter((name) => name !== '').sort();
}
