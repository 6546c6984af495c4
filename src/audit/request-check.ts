import type { ReadFields } from './hash-chain.ts';
import { RecentIds } from './recent-ids.ts';

/** What is wrong with how a request was accounted for. */
export type RequestFault =
  | { readonly kind: 'decided_twice'; readonly requestId: string }
  /** The request may have been approved, and nothing tells how it ended. */
  | { readonly kind: 'intent_without_decision'; readonly requestId: string }
  /** The decision says that an intent came before, and none did. */
  | { readonly kind: 'decision_without_intent'; readonly requestId: string };

/** A duplicate is found when at most so many decisions lie between the two. */
export const duplicateWindow = 524_288;
const maxOpenIntents = 100_000;

/**
 * Checks that each request has one decision, and each intent its own. Memory is bounded: about 16 MiB
 * for decisions; of more than 100,000 open intents the oldest are reported at once.
 */
export class RequestCheck {
  readonly #decided = new RecentIds(duplicateWindow);
  readonly #openIntents = new Set<string>();

  /** `whole` tells whether the line's chain was read from its beginning. */
  add(fields: ReadFields, whole: boolean): readonly RequestFault[] {
    const { kind, requestId } = fields;
    if (typeof requestId !== 'string') return [];
    if (kind === 'intent') return this.#intent(requestId);
    if (kind === 'decision') return this.#decision(requestId, whole && fields['intended'] === true);
    return [];
  }

  /** To be called after the last line: the intents whose requests have no decision. */
  open(): readonly RequestFault[] {
    return [...this.#openIntents].map(withoutDecision);
  }

  #intent(requestId: string): readonly RequestFault[] {
    this.#openIntents.add(requestId);
    const [oldest] = this.#openIntents;
    if (oldest === undefined || this.#openIntents.size <= maxOpenIntents) return [];
    this.#openIntents.delete(oldest);
    return [withoutDecision(oldest)];
  }

  #decision(requestId: string, hadIntent: boolean): readonly RequestFault[] {
    const open = this.#openIntents.delete(requestId);
    if (this.#decided.add(requestId)) return [{ kind: 'decided_twice', requestId }];
    return hadIntent && !open ? [{ kind: 'decision_without_intent', requestId }] : [];
  }
}

function withoutDecision(requestId: string): RequestFault {
  return { kind: 'intent_without_decision', requestId };
}
