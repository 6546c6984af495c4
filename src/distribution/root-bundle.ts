import { createHash } from 'node:crypto';
import type { KeptEntry } from '../kube/config-map-writes.ts';

/** What clients are to trust, as it is to stand in every namespace. */
export interface RootBundle {
  readonly pem: string;
  /** Hexadecimal, of `pem`. */
  readonly sha256: string;
}

export function rootBundleOf(pem: string): RootBundle {
  return { pem, sha256: createHash('sha256').update(pem).digest('hex') };
}

/** Whether a ConfigMap holds the bundle already, whoever wrote it. */
export function holdsBundle(entry: KeptEntry | undefined, bundle: RootBundle): boolean {
  return entry?.sha256 === bundle.sha256 && entry.isLabelled;
}
