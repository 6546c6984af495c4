import { randomBytes } from 'node:crypto';
import type { Logger } from '../../base/logger.ts';
import { RaError } from '../../base/ra-error.ts';
import { isAlreadyExists, isForbidden } from '../../kube/api-error.ts';
import { replicaLabel, requestIdAnnotation } from '../../kube/labels.ts';
import type { SigningRequest, SigningRequestDraft } from '../../kube/signing-requests.ts';
import type { SelfReviews } from '../../kube/reviews.ts';
import { asRaError } from '../limits/api-attempts.ts';
import type { RequestDeletions } from '../signing-backend.ts';
import type { CoalescedIssuance } from '../coalesced-issuance.ts';
import { draftFor, hasDraftedSpec } from './request-draft.ts';
import { nameFor } from './request-name.ts';
import type { SigningRequestFeed, Subscription } from './signing-request-feed.ts';
import { TrackedCsr } from './tracked-csr.ts';
import type { CsrCalls } from './tracked-csr.ts';
import { transientError } from './transient-error.ts';
import { judgeExistingRequest } from './existing-request.ts';

export interface SubmissionsOptions {
  readonly feed: SigningRequestFeed;
  /** Who we are. */
  readonly account: SelfReviews;
  readonly calls: CsrCalls;
  /** Our name among the replicas, a label value. */
  readonly replica: string;
  readonly log: Logger;
}

/** How many existing objects there were under names that we wanted, by what became of them. */
export interface ExistingRequestCounts {
  readonly adopted: number;
  /** They were ours, but nothing would have come of them. */
  readonly spent: number;
  /** They were somebody else's, or not what we create. */
  readonly squatted: number;
}

interface Drafted {
  readonly draft: SigningRequestDraft;
  readonly subscription: Subscription;
  readonly deletions: RequestDeletions;
}

type Submission =
  | { readonly kind: 'created' | 'adopted'; readonly object: SigningRequest }
  | { readonly kind: 'name_taken' };

const bounds = { tries: 3, timeoutMs: 5_000 };
const maxNames = 3;
const createPermission = 'create certificatesigningrequests.certificates.k8s.io';

/** Puts orders into the API: creates an object, or adopts the same one that is there already. */
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
   * The object for the issuance's order, byte for byte what was drafted where it matters and created
   * by our own account. With `anew` it gets a name that nobody else can have taken.
   *
   * Throws KUBERNETES_UNAVAILABLE, KUBERNETES_FORBIDDEN or KUBERNETES_REFUSED.
   */
  async submit(
    issuance: CoalescedIssuance,
    { anew, deletions }: { readonly anew: boolean; readonly deletions: RequestDeletions },
  ): Promise<TrackedCsr> {
    for (let count = 0; count < maxNames; count += 1) {
      const drafted = this.#draft(issuance, anew || count > 0, deletions);
      issuance.note({ csrName: drafted.draft.name });
      const tracked = await this.#tryName(drafted, issuance.signal);
      if (tracked !== undefined) return tracked;
    }
    throw new RaError('KUBERNETES_REFUSED', 'every name that we tried was taken', {
      reason: 'names_taken',
    });
  }

  #draft(
    { key, order }: CoalescedIssuance,
    isSalted: boolean,
    deletions: RequestDeletions,
  ): Drafted {
    const { feed, replica, calls } = this.#options;
    const { clock } = calls;
    const plain = nameFor(key, clock.now());
    const mustSalt = isSalted || feed.isAwaited(plain);
    // Whoever took the first name could take the next, if it were not random.
    const name = mustSalt ? nameFor(key, clock.now(), randomBytes(16).toString('hex')) : plain;
    // Before the create: the signer may be done before we hear that the object exists.
    const subscription = feed.subscribe(name);
    const batch = deletions.join(name, order.granted.signerName);
    return { draft: draftFor(order, { name, replica, batch }), subscription, deletions };
  }

  /** Undefined when the name cannot be used. Closes the subscription unless it is handed on. */
  async #tryName(drafted: Drafted, signal: AbortSignal): Promise<TrackedCsr | undefined> {
    const { subscription } = drafted;
    let tracked: TrackedCsr | undefined;
    try {
      tracked = await this.#track(drafted, signal);
      return tracked;
    } finally {
      if (tracked === undefined) subscription.close();
    }
  }

  async #track(drafted: Drafted, signal: AbortSignal): Promise<TrackedCsr | undefined> {
    const submission = await this.#createOrAdopt(drafted, signal);
    const { calls, replica } = this.#options;
    const { draft, subscription, deletions } = drafted;
    // Another object of that name bears another batch's label, or none.
    if (submission.kind !== 'created') deletions.leave(draft.name);
    if (submission.kind === 'name_taken') return undefined;
    const { object, kind } = submission;
    subscription.observe(object);
    return new TrackedCsr({
      object,
      subscription,
      isAdopted: kind === 'adopted',
      isForeign: object.labels[replicaLabel] !== replica,
      calls,
    });
  }

  async #createOrAdopt(drafted: Drafted, signal: AbortSignal): Promise<Submission> {
    const { calls, account } = this.#options;
    const username = await account.username(signal);
    try {
      return await calls.attempts.run(
        bounds,
        (limited) => this.#createOrFind(drafted, username, limited),
        signal,
      );
    } catch (error) {
      // An answer that we did not hear may have been a yes.
      deleteIfOwn(drafted);
      throw asRaError(error, 'create');
    }
  }

  async #createOrFind(
    drafted: Drafted,
    username: string | undefined,
    signal: AbortSignal,
  ): Promise<Submission> {
    const { requests, permissions } = this.#options.calls;
    const { draft } = drafted;
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
      if (existing !== undefined) return this.#adopt(existing, drafted, username);
      const call = { reason: 'Vanished', verb: 'get' };
      throw transientError('the object vanished between create and read', call, error);
    }
  }

  #adopt(
    object: SigningRequest,
    { draft, deletions }: Drafted,
    username: string | undefined,
  ): Submission {
    const { log } = this.#options;
    const verdict = judgeExistingRequest(object, draft, username);
    // Where only the answer to our own create was lost the object is not adopted.
    const isOwn = isOfSameRequest(object, draft);
    const fields = { csrName: object.name, csrUid: object.uid, signer: draft.signerName };
    if (verdict.kind === 'usable') {
      if (!isOwn) this.#counts.adopted += 1;
      return { kind: isOwn ? 'created' : 'adopted', object };
    }
    this.#counts[verdict.kind] += 1;
    if (isOwn) deletions.add({ name: object.name, uid: object.uid });
    const { why } = verdict;
    if (verdict.kind === 'spent') log.debug('an object of ours is of no use any more', fields);
    else {
      const { username: creator } = object;
      log.warn('somebody has taken the name of a request', { ...fields, why, creator });
    }
    return { kind: 'name_taken' };
  }
}

function deleteIfOwn({ draft: { name, annotations }, deletions }: Drafted): void {
  const requestId = annotations[requestIdAnnotation];
  if (requestId !== undefined) deletions.add({ name, requestId });
}

function isOfSameRequest(object: SigningRequest, draft: SigningRequestDraft): boolean {
  return object.annotations[requestIdAnnotation] === draft.annotations[requestIdAnnotation];
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
