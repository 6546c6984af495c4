import type { ObjectIdentity } from './resource-versions.ts';

/** A ConfigMap's text entries; what it holds in binary is left out. */
export interface ConfigMap extends ObjectIdentity {
  readonly resourceVersion: string;
  readonly data: Readonly<Record<string, string>>;
}

export interface Namespace extends ObjectIdentity {
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `Active`, or `Terminating` while it goes and takes in nothing new. */
  readonly phase: string;
}

/**
 * What tells who runs in a pod, and where. Annotations and environment are left out on purpose: the
 * pod's author writes them, and nothing here may be decided by them.
 */
export interface Pod extends ObjectIdentity {
  readonly namespace: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** Undefined until it is scheduled. */
  readonly nodeName: string | undefined;
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. */
  readonly phase: string;
  /** When it is to be gone, in milliseconds since the epoch; undefined while it is to stay. */
  readonly deletionTimestamp: number | undefined;
}

/** A Secret's entries as text. Never log it, nor any part of an entry. */
export interface Secret extends ObjectIdentity {
  readonly resourceVersion: string;
  readonly data: Readonly<Record<string, string>>;
}

/** A Service, of which only the name counts here: clients reach it as `<name>.<namespace>.svc`. */
export interface Service extends ObjectIdentity {
  readonly resourceVersion: string;
}
