import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { RaError } from '../../base/ra-error.ts';
import { isAlreadyExists, isForbidden } from '../../kube/api-error.ts';
import type {
  SigningRequest,
  SigningRequestDraft,
  SigningRequests,
} from '../../kube/signing-requests.ts';
import type { SelfReviews } from '../../kube/self-reviews.ts';
import type { ApiAttempts } from '../limits/api-attempts.ts';
import { asRaError } from '../limits/api-attempts.ts';
import type { TrackedRequest } from './tracked-request.ts';
import type { CoalescedIssuance } from '../coalesced-issuance.ts';
import { outcomeOf } from './outcome.ts';
import type { DeletionQueue } from '../cleanup/deletion-queue.ts';
import { draftFor, hasDraftedSpec, replicaLabel, requestIdAnnotation } from './request-draft.ts';
import { nameFor } from './request-name.ts';
import type { PermissionTracker } from './permission-tracker.ts';
import type { SigningRequestFeed, Subscription } from './signing-request-feed.ts';
import { transientError } from './transient-error.ts';
import { judgeExistingRequest } from './existing-request.ts';

export interface SubmissionsOptions {
  readonly requests: SigningRequests;
  readonly feed: SigningRequestFeed;
  readonly deletions: DeletionQueue;
  readonly attempts: ApiAttempts;
  readonly permissions: PermissionTracker;
  /** Who we are. */
  readonly account: SelfReviews;
  /** Our name among the replicas, a label value. */
  readonly replica: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What became of names that were taken. */
export interface ExistingRequestCounts {
  readonly adopted: number;
  /** Ours, but nothing would have come of them. */
  readonly spent: number;
  /** Somebody else's, or not what we make. */
  readonly squatted: number;
}

interface Drafted {
  readonly draft: SigningRequestDraft;
  readonly subscription: Subscription;
}

type Submission =
  | { readonly kind: 'created' | 'adopted'; readonly object: SigningRequest }
  | { readonly kind: 'taken' };

const bounds = { tries: 3, timeoutMs: 5_000 };
const mostNames = 3;
const createPermission = 'create certificatesigningrequests.certificates.k8s.io';

/** Puts orders into the API: creates an object, or adopts the unfinished twin that is there. */
export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #counts = { adopted: 0, spent: 0, squatted: 0 };

  constructor(options: SubmissionsOptions) {
    this.#options = options;
  }

  get existingCounts(): ExistingRequestCounts {
    return { ...this.#counts };
  }

  /**
   * The object for the party's order, byte for byte what was drafted where it matters and made by
   * our own account. With `anew` under a name that nobody else can have made.
   *
   * Throws KUBERNETES_UNAVAILABLE, KUBERNETES_FORBIDDEN or KUBERNETES_REFUSED.
   */
  async submit(
    issuance: CoalescedIssuance,
    { anew }: { readonly anew: boolean },
    signal: AbortSignal,
  ): Promise<TrackedRequest> {
    for (let count = 0; count < mostNames; count += 1) {
      const drafted = this.#draft(issuance, anew || count > 0);
      issuance.note({ csrName: drafted.draft.name });
      const tracked = await this.#tryName(drafted, signal);
      if (tracked !== undefined) return tracked;
    }
    throw new RaError('KUBERNETES_REFUSED', 'every name that we tried was taken', {
      reason: 'names_taken',
    });
  }

  #draft({ key, order }: CoalescedIssuance, isSalted: boolean): Drafted {
    const { feed, replica, deletions, clock } = this.#options;
    const plain = nameFor(key, clock.now());
    const mustSalt = isSalted || feed.isAwaited(plain);
    // Whoever took the first name could take the next, if it were not random.
    const name = mustSalt ? nameFor(key, clock.now(), randomBytes(16).toString('hex')) : plain;
    // Before the create: the signer may be done before we hear that the object exists.
    const subscription = feed.subscribe(name);
    const batch = deletions.join(name, order.granted.signerName);
    return { draft: draftFor(order, { name, replica, batch }), subscription };
  }

  /** Undefined when the name cannot be used. Closes the subscription unless it is handed on. */
  async #tryName(drafted: Drafted, signal: AbortSignal): Promise<TrackedRequest | undefined> {
    const { subscription } = drafted;
    let tracked: TrackedRequest | undefined;
    try {
      tracked = await this.#track(drafted, signal);
      return tracked;
    } finally {
      if (tracked === undefined) subscription.close();
    }
  }

  async #track(
    { draft, subscription }: Drafted,
    signal: AbortSignal,
  ): Promise<TrackedRequest | undefined> {
    const submission = await this.#createOrAdopt(draft, signal);
    const { deletions, replica } = this.#options;
    // Another object of that name bears another batch's label, or none.
    if (submission.kind !== 'created') deletions.leave(draft.name);
    if (submission.kind === 'taken') return undefined;
    const { object, kind } = submission;
    subscription.observe(object);
    return {
      object,
      subscription,
      isAdopted: kind === 'adopted',
      isForeign: object.labels[replicaLabel] !== replica,
      mayBeApproved: isApprovedOrBeyond(object),
    };
  }

  async #createOrAdopt(draft: SigningRequestDraft, signal: AbortSignal): Promise<Submission> {
    const { attempts, account } = this.#options;
    const username = await account.username(signal);
    try {
      return await attempts.run(
        bounds,
        (limited) => this.#createOrFind(draft, username, limited),
        signal,
      );
    } catch (error) {
      // An answer that we did not hear may have been a yes.
      this.#removeIfOwn(draft);
      throw asRaError(error, 'create');
    }
  }

  async #createOrFind(
    draft: SigningRequestDraft,
    username: string | undefined,
    signal: AbortSignal,
  ): Promise<Submission> {
    const { requests, permissions } = this.#options;
    try {
      const object = await requests.create(draft, signal);
      permissions.worked(createPermission);
      assertEcho(object, draft, username);
      return { kind: 'created', object };
    } catch (error) {
      if (isForbidden(error) && !permissions.isMissing(createPermission)) {
        const call = { reason: 'Forbidden', verb: 'create' };
        throw transientError('the API server does not know our rights yet', call, error);
      }
      if (!isAlreadyExists(error)) throw error;
      const existing = await requests.read(draft.name, signal);
      if (existing !== undefined) return this.#adopt(existing, draft, username);
      const call = { reason: 'Vanished', verb: 'get' };
      throw transientError('the object vanished between create and read', call, error);
    }
  }

  #adopt(
    object: SigningRequest,
    draft: SigningRequestDraft,
    username: string | undefined,
  ): Submission {
    const { log } = this.#options;
    const verdict = judgeExistingRequest(object, draft, username);
    // The answer to our own create was lost: that is no twin.
    const isOwn = isOfSameRequest(object, draft);
    const fields = { csrName: object.name, csrUid: object.uid, signer: draft.signerName };
    if (verdict.kind === 'usable') {
      if (!isOwn) this.#counts.adopted += 1;
      return { kind: isOwn ? 'created' : 'adopted', object };
    }
    this.#counts[verdict.kind] += 1;
    if (isOwn) this.#options.deletions.add({ name: object.name, uid: object.uid });
    const { why } = verdict;
    if (verdict.kind === 'spent') log.debug('an object of ours is of no use any more', fields);
    else {
      const { username: creator } = object;
      log.warn('somebody has taken the name of a request', { ...fields, why, creator });
    }
    return { kind: 'taken' };
  }

  #removeIfOwn({ name, annotations }: SigningRequestDraft): void {
    const requestId = annotations[requestIdAnnotation];
    if (requestId !== undefined) this.#options.deletions.add({ name, requestId });
  }
}

function isOfSameRequest(object: SigningRequest, draft: SigningRequestDraft): boolean {
  return object.annotations[requestIdAnnotation] === draft.annotations[requestIdAnnotation];
}

function isApprovedOrBeyond(object: SigningRequest): boolean {
  const outcome = outcomeOf(object);
  return outcome.kind !== 'pending' || outcome.approved;
}

/** Somebody with rights on these objects changed ours on its way: it must never be approved. */
function assertEcho(
  object: SigningRequest,
  draft: SigningRequestDraft,
  username: string | undefined,
): void {
  const isOurs = username === undefined || object.username === username;
  if (isOurs && hasDraftedSpec(object, draft) && isOfSameRequest(object, draft)) return;
  throw new RaError('KUBERNETES_REFUSED', 'the created object is not what was asked for', {
    reason: 'created_object_differs',
    fields: { csrName: draft.name },
  });
}
