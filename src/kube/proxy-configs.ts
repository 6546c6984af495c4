import type { ObjectIdentity } from './resource-versions.ts';

/** Istio's ProxyConfig, as far as it tells a proxy its environment. */
export interface ProxyConfig extends ObjectIdentity {
  readonly resourceVersion: string;
  /** Labels that a pod must have for it to apply; empty: every pod of the namespace. */
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly environmentVariables: Readonly<Record<string, string>>;
}
