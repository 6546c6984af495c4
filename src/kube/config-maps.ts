import type { ObjectIdentity } from './resource-versions.ts';

/** A ConfigMap's text entries; what it holds in binary is left out. */
export interface ConfigMap extends ObjectIdentity {
  readonly resourceVersion: string;
  readonly data: Readonly<Record<string, string>>;
}
