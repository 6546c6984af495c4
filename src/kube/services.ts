import type { ObjectIdentity } from './resource-versions.ts';

/** A Service, of which only the name counts here: clients reach it as `<name>.<namespace>.svc`. */
export interface Service extends ObjectIdentity {
  readonly resourceVersion: string;
}
