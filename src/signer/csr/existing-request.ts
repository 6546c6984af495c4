import { managedByLabel, managedByValue, requestIdAnnotation } from '../../kube/labels.ts';
import type { SigningRequest, SigningRequestDraft } from '../../kube/signing-requests.ts';
import { outcomeOf } from './outcome.ts';
import { hasDraftedSpec } from './request-draft.ts';

/**
 * What may be done with an object that has the name of our draft already. `usable`: it is ours, the
 * same as the draft, and pending or issued. `spent`: it is ours, and nothing will come of it.
 * `squatted`: it is not ours, or not what we would have created.
 */
export type ExistingRequestVerdict =
  { readonly kind: 'usable' } | { readonly kind: 'spent' | 'squatted'; readonly why: string };

/**
 * Judges whether an existing object may be adopted in place of the draft. `username` is our own; where
 * it is not known only an object that bears this very request's id is ours.
 */
export function judgeExistingRequest(
  object: SigningRequest,
  draft: SigningRequestDraft,
  username: string | undefined,
): ExistingRequestVerdict {
  const isThisRequest =
    object.annotations[requestIdAnnotation] === draft.annotations[requestIdAnnotation];
  const isOurs = username === undefined ? isThisRequest : object.username === username;
  if (!isOurs) return { kind: 'squatted', why: 'foreign_account' };
  if (object.labels[managedByLabel] !== managedByValue) {
    return { kind: 'squatted', why: 'label_missing' };
  }
  if (!hasDraftedSpec(object, draft)) return { kind: 'squatted', why: 'spec_differs' };
  if (isTerminating(object)) return { kind: 'spent', why: 'terminating' };
  const { kind } = outcomeOf(object);
  return kind === 'denied' || kind === 'failed' ? { kind: 'spent', why: kind } : { kind: 'usable' };
}

function isTerminating({ raw }: SigningRequest): boolean {
  const { metadata } = (raw ?? {}) as {
    readonly metadata?: { readonly deletionTimestamp?: unknown };
  };
  return metadata?.deletionTimestamp !== undefined;
}
