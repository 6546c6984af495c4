import type { Stoppable } from '../base/lifecycle.ts';
import type { SupervisedWatch } from '../kube/supervised-watch.ts';
import type { CoalescedIssuance } from './coalesced-issuance.ts';

/** Names one request object of a backend, and no other that bears its name later. */
export interface RequestReference {
  readonly name: string;
  readonly uid: string;
}

/** What a request object says about its end. */
export type SigningOutcome =
  | { readonly kind: 'pending'; readonly approved: boolean }
  | { readonly kind: 'issued'; readonly certificatePem: string }
  | { readonly kind: 'denied' | 'failed'; readonly reason: string; readonly message: string };

/** A request object of a backend while an issuance works with it, or while it is retained. */
export interface TrackedRequest extends RequestReference {
  readonly signerName: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The outcome in the newest state that we have acted on. */
  readonly outcome: SigningOutcome;
  /** Whether the issuance found it rather than created it: then others may delete it. */
  isAdopted: boolean;
  /** Whether another replica created it: that one watches it and deletes it. */
  readonly isForeign: boolean;
  /** Whether an approval may be on record. */
  readonly mayBeApproved: boolean;

  /**
   * Approves the request, or leaves it as it is where it has been approved or has ended. This is the
   * point of no return: an approval cannot be taken back.
   *
   * Throws SIGNING_INTERRUPTED with the reason `deleted_unapproved` when the object is gone,
   * KUBERNETES_FORBIDDEN or KUBERNETES_UNAVAILABLE.
   */
  approve(signal: AbortSignal): Promise<void>;

  /**
   * Resolves with the outcome when the request has ended. Calls `onApproved` each time that it is seen
   * approved and pending. Throws SIGNING_INTERRUPTED with the reason `deleted` when the object is
   * gone; on abort the signal's reason.
   */
  settle(
    signal: AbortSignal,
    onApproved?: () => void,
  ): Promise<Exclude<SigningOutcome, { kind: 'pending' }>>;

  /** Ends the subscription to the object's states. The object itself stays. */
  close(): void;
}

/** Where a backend hands in objects that are to be deleted. */
export interface RequestDeletions {
  /** The batch that the object of that name is about to be created for; undefined: none. */
  join(name: string, signerName: string): string | undefined;
  /** No object of that name was created for its batch after all. */
  leave(name: string): void;
  /** With a request's id: the object may or may not have been created for that request. */
  add(target: DeletionTarget): void;
}

export type DeletionTarget = RequestReference | RequestOfName;

/** The object of that name, if it was created for that request. */
export interface RequestOfName {
  readonly name: string;
  readonly requestId: string;
}

/** A request object and the signer that it is for. */
export interface SignerRequest extends RequestReference {
  readonly signerName: string;
}

/**
 * A way to get a certificate from a signer through request objects of a Kubernetes API. The
 * CertificateSigningRequest of Kubernetes is one (`csr/`); another would be a folder beside it.
 *
 * The calls that name no other error throw a `KubeApiError`, and the signal's reason on abort.
 */
export interface SigningBackend extends Stoppable {
  /**
   * Creates the request object for an issuance, or adopts one that is there already and is the same
   * in every respect. With `anew` it gets a name that nobody else can have taken.
   *
   * Throws KUBERNETES_UNAVAILABLE, KUBERNETES_FORBIDDEN or KUBERNETES_REFUSED.
   */
  create(
    issuance: CoalescedIssuance,
    options: { readonly anew: boolean; readonly deletions: RequestDeletions },
  ): Promise<TrackedRequest>;

  /** Starts to follow the objects of this replica. The requests are settled by what it delivers. */
  watch(): BackendWatch;
  /** How many requests are being followed now. */
  readonly waiting: number;
  /** Whether an issuance of this replica follows the object of that name. */
  isAwaited(name: string): boolean;

  /** The objects of all replicas, as far as our own account created them. */
  list(signal: AbortSignal): Promise<readonly SignerRequest[]>;
  /** A right that is missing makes this and `delete` fail as if for a moment: see `isTransient`. */
  find(target: RequestOfName, signal: AbortSignal): Promise<RequestReference | undefined>;
  /** Deletes that very object. One of the same name with another uid stays. */
  delete(target: RequestReference, signal: AbortSignal): Promise<void>;
  /** Deletes all objects of a batch in one call; returns the uids of those that it found. */
  deleteBatch(batch: string, signal: AbortSignal): Promise<ReadonlySet<string>>;
}

/** How up to date the backend's watch is. */
export type BackendWatch = Pick<
  SupervisedWatch<unknown>,
  'stop' | 'synced' | 'lastError' | 'failures' | 'lastActivityAt' | 'events'
>;
