import { RaError } from '../base/ra-error.ts';
import type {
  SigningRequest,
  SigningRequestDraft,
  SigningRequests,
} from '../kube/signing-requests.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { Decision } from '../ra/decision.ts';
import type { SignedChain, Signer, SigningOrder } from '../ra/signer.ts';
import type { ApiAttempts } from './api-attempts.ts';
import { approve } from './approve.ts';
import { outcomeOf } from './outcome.ts';
import type { Removals } from './removals.ts';
import { draftFor } from './request-draft.ts';
import type { SigningRequestFeed, Subscription } from './signing-request-feed.ts';
import { submit } from './submit.ts';

/** Who approves: we ourselves, or somebody else while we hold no right to. */
export type ApprovalMode = 'self' | 'external';

export interface KubernetesCsrSignerOptions {
  readonly requests: SigningRequests;
  readonly feed: SigningRequestFeed;
  readonly removals: Removals;
  readonly attempts: ApiAttempts;
  readonly approval: ApprovalMode;
  readonly approvals: ApprovalLog;
  /** Our name among the replicas, a label value. */
  readonly replica: string;
}

/** Gets orders signed through CertificateSigningRequests, by whichever signer acts on them. */
export class KubernetesCsrSigner implements Signer {
  readonly #options: KubernetesCsrSignerOptions;

  constructor(options: KubernetesCsrSignerOptions) {
    this.#options = options;
  }

  async sign(order: SigningOrder, signal: AbortSignal): Promise<SignedChain> {
    const { feed, replica } = this.#options;
    const draft = draftFor(order, replica);
    // Before the create: the signer may be done before we hear that the object exists.
    const subscription = feed.subscribe(draft.name);
    try {
      return await this.#signDraft(order, { draft, subscription }, signal);
    } finally {
      subscription.close();
    }
  }

  async #signDraft(
    order: SigningOrder,
    parts: { readonly draft: SigningRequestDraft; readonly subscription: Subscription },
    signal: AbortSignal,
  ): Promise<SignedChain> {
    const { removals } = this.#options;
    const { draft, subscription } = parts;
    const { decision } = order;
    // Where somebody else approves, to create is what cannot be taken back.
    decision.note({ csrName: draft.name });
    if (this.#options.approval === 'external') await this.#intend(decision, signal);
    const created = await this.#submit(order, draft, signal);
    decision.note({ csrUid: created.uid });
    try {
      const approved = await this.#approve(created, decision, signal);
      subscription.observe(approved);
      return await decision.timed('wait', () => awaitEnd(created, subscription, signal));
    } finally {
      removals.add({ name: created.name, uid: created.uid });
    }
  }

  async #submit(
    order: SigningOrder,
    draft: SigningRequestDraft,
    signal: AbortSignal,
  ): Promise<SigningRequest> {
    try {
      return await order.decision.timed('create', () => submit(draft, this.#options, signal));
    } catch (error) {
      // An answer that we did not hear may have been a yes.
      this.#options.removals.add({ name: draft.name });
      throw error;
    }
  }

  async #approve(
    created: SigningRequest,
    decision: Decision,
    signal: AbortSignal,
  ): Promise<SigningRequest> {
    if (this.#options.approval === 'external') return created;
    await this.#intend(decision, signal);
    return decision.timed('approve', () => approve(created, this.#options, signal));
  }

  #intend(decision: Decision, signal: AbortSignal): Promise<void> {
    return decision.timed('intent', () => this.#options.approvals.intent(decision, signal));
  }
}

async function awaitEnd(
  created: SigningRequest,
  subscription: Subscription,
  signal: AbortSignal,
): Promise<SignedChain> {
  const hasEnded = (request: SigningRequest): boolean => outcomeOf(request).kind !== 'pending';
  const end = await subscription.until(created.uid, hasEnded, signal);
  if (end === 'gone') {
    throw new RaError('SIGNING_INTERRUPTED', 'the object was deleted before it was signed', {
      reason: 'deleted',
    });
  }
  return signedOrThrow(end);
}

function signedOrThrow(end: SigningRequest): SignedChain {
  const outcome = outcomeOf(end);
  switch (outcome.kind) {
    case 'issued':
      return { certificatePem: outcome.certificatePem };
    case 'denied':
    case 'failed':
      throw new RaError(
        outcome.kind === 'denied' ? 'SIGNING_DENIED' : 'SIGNING_FAILED',
        `the request was ${outcome.kind}: ${outcome.message}`,
        { reason: outcome.kind, fields: { conditionReason: outcome.reason } },
      );
    case 'pending':
      throw new Error('a pending request is not at its end');
  }
}
