import type { ObjectIdentity } from './resource-versions.ts';

export interface Namespace extends ObjectIdentity {
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `Active`, or `Terminating` while it goes and takes in nothing new. */
  readonly phase: string;
}
