import type { ObjectIdentity } from './resource-versions.ts';

/** A Secret's entries as text. Never log it, nor any part of an entry. */
export interface Secret extends ObjectIdentity {
  readonly resourceVersion: string;
  readonly data: Readonly<Record<string, string>>;
}
