import type { AccessQuestion } from './reviews.ts';

/** A service account by its namespace. */
export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

/** Which objects of a resource. */
export interface ObjectSelection {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural name. */
  readonly resource: string;
  /** In all namespaces, or of a resource without them, where absent. */
  readonly namespace?: string;
  /** The one of that name in each namespace, where given: a right that is bound to the name is enough. */
  readonly name?: string;
  readonly labelSelector?: string;
}

export interface InspectedObjects {
  /** As the API sent them. */
  readonly items: readonly unknown[];
  /** False where there are more than are read: 10,000. */
  readonly isWhole: boolean;
}

/**
 * Looks at a cluster as a person would who seeks a mistake: nothing here is for serving requests. Each
 * throws a `KubeApiError` when the API refuses, fails or does not answer, and the signal's own reason
 * when it aborts first.
 */
export interface ClusterInspection {
  /** Such as `v1.34.1`. */
  serverVersion(signal: AbortSignal): Promise<string>;
  /** Whether the API serves a group, such as `cert-manager.io`. */
  hasGroup(group: string, signal: AbortSignal): Promise<boolean>;
  list(selection: ObjectSelection, signal: AbortSignal): Promise<InspectedObjects>;
  /** Whether an account that need not be ours may. */
  mayAccount(
    account: ServiceAccountName,
    question: AccessQuestion,
    signal: AbortSignal,
  ): Promise<boolean>;
  /** A token of that account, good for ten minutes. Never log it. */
  requestToken(
    account: ServiceAccountName,
    audiences: readonly string[],
    signal: AbortSignal,
  ): Promise<string>;
}
