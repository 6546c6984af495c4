import type { RaConfig } from '../config/ra-config.ts';
import type { AccessQuestion } from '../kube/reviews.ts';
import { isForbidden } from '../kube/api-error.ts';
import type { ClusterInspection, ServiceAccountName } from '../kube/cluster-inspection.ts';
import { UnknownFactError } from './fact.ts';
import type { CheckPorts } from './ports.ts';

/** Whether `serve`'s account may. */
export type Reviewer = (question: AccessQuestion, signal: AbortSignal) => Promise<boolean>;

export interface ReviewerOptions {
  /** The account whose rights are asked for. */
  readonly account: ServiceAccountName;
  readonly ports: Pick<CheckPorts, 'selfReviews' | 'accessReviews'> & {
    readonly inspection: Pick<ClusterInspection, 'mayAccount'>;
  };
  readonly config: Pick<RaConfig, 'kubernetes' | 'podNamespace' | 'serviceAccount'>;
}

/**
 * Asks about ourselves where we are that account, and about the account where we are somebody else, such
 * as a person with a kubeconfig. It throws UnknownFactError where such a one may not ask.
 */
export function reviewerFor({ account, ports, config }: ReviewerOptions): Reviewer {
  const username = usernameOf(account);
  let self: Promise<string | undefined> | undefined;
  return async (question, signal) => {
    self ??= ownUsername({ ports, config }, signal);
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

/** Who we are, as the API server says; one older than 1.28 cannot, but the pod that we run in may. */
async function ownUsername(
  { ports, config }: Pick<ReviewerOptions, 'ports' | 'config'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const said = await ports.selfReviews.username(signal).catch(() => undefined);
  return said ?? usernameOfPod(config);
}

/** Undefined where the credentials are not the pod's, and where nobody said which account it has. */
function usernameOfPod({
  kubernetes: { pod, kubeconfigPath, kubeconfigVariable },
  podNamespace: namespace,
  serviceAccount: name,
}: ReviewerOptions['config']): string | undefined {
  const isOfPod = (kubeconfigPath ?? kubeconfigVariable) === undefined && pod !== undefined;
  return isOfPod && name !== undefined ? usernameOf({ namespace, name }) : undefined;
}

function usernameOf({ namespace, name }: ServiceAccountName): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
