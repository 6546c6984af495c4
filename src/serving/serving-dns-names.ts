import { isIP } from 'node:net';
import type { RaConfig } from '../config/ra-config.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';

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

/** The names of the control plane that this configuration and this mesh config describe. */
export function controlPlaneNames(
  {
    customHosts,
    podNamespace: namespace,
    revision,
  }: Pick<RaConfig, 'customHosts' | 'podNamespace' | 'revision'>,
  { discoveryAddress }: Pick<MeshConfig, 'discoveryAddress'>,
): readonly string[] {
  const discoveryHost = dnsHostOf(discoveryAddress);
  return servingDnsNames({ customHosts, discoveryHost, namespace, revision });
}

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i;

/** The host of `host:port`, unless it is an address: a DNS name in a certificate cannot be one. */
function dnsHostOf(address: string | undefined): string | undefined {
  const host = address?.replace(/:\d+$/, '') ?? '';
  return dnsName.test(host) && isIP(host) === 0 ? host : undefined;
}
