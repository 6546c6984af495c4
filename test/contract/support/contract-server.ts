import type { Credentials } from './raw-api.ts';

/** One rule of a role; without `namespaces` it holds in all of them. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What the suite needs of a server beside its API. */
export interface ContractServer {
  readonly kind: 'sandbox' | 'real';
  readonly url: string;
  readonly caPem: string;
  /** May do everything. */
  readonly administrator: Credentials;
  /** From now on the service account may do this and nothing else of its own. */
  grant(account: ServiceAccountName, rules: readonly Rule[]): Promise<void>;
  /** Makes lists at old versions impossible, as compaction does; undefined where it cannot be had. */
  readonly compact: (() => Promise<void>) | undefined;
  /** A version that no watch can begin at any more. */
  ancientVersion(): Promise<string>;
  /** A token of an account that was good until a minute ago; undefined without the token key. */
  readonly expiredToken: ((account: ServiceAccountName) => Promise<string>) | undefined;
  stop(): Promise<void>;
}

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}
