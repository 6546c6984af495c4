import type { AccessQuestion } from '../kube/access-reviews.ts';
import { isForbidden } from '../kube/api-error.ts';
import type { CheckContext } from './check-context.ts';
import { UnknownFactError } from './fact.ts';

/** Whether `serve`'s account may. */
export type Reviewer = (question: AccessQuestion, signal: AbortSignal) => Promise<boolean>;

/**
 * Asks about ourselves where we are that account, and about the account where we are somebody else, such
 * as a person with a kubeconfig. It throws UnknownFactError where such a one may not ask.
 */
export function reviewerFor({ account, ports }: Pick<CheckContext, 'account' | 'ports'>): Reviewer {
  const { namespace, name } = account;
  const username = `system:serviceaccount:${namespace}:${name}`;
  let self: Promise<string | undefined> | undefined;
  return async (question, signal) => {
    self ??= ports.selfReviews.username(signal).catch(() => undefined);
    if ((await self) === username) return ports.accessReviews.can(question, signal);
    try {
      return await ports.inspection.mayAccount(account, question, signal);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      throw new UnknownFactError(
        `you may not ask for the rights of ${username}: run this in its pod, or as somebody who may create subjectaccessreviews`,
        { isFault: false },
      );
    }
  };
}
