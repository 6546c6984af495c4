import type { ObjectIdentity } from './resource-versions.ts';

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
