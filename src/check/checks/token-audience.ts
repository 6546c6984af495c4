import { isForbidden, isNotFound } from '../../kube/api-error.ts';
import type { TokenReviewResult } from '../../kube/reviews.ts';
import { failed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';

type Context = Pick<CheckContext, 'config' | 'facts' | 'ports' | 'account' | 'makesCanaries'>;

/** Whether the API server vouches for tokens of the audience that workloads bring. */
export function tokenAudience({ config, facts, ports, account, makesCanaries }: Context): Check {
  const { tokenAudiences } = config;
  return {
    id: 'token-audience',
    severity: 'error',
    run: async (signal) => {
      if (!makesCanaries) return skipped('it needs a token to be made: --canary does so');
      known(facts.server);
      const [audience = ''] = tokenAudiences;
      try {
        const token = await ports.inspection.requestToken(account, [audience], signal);
        return judgeReview(
          await ports.tokenReviews.review(token, tokenAudiences, signal),
          audience,
        );
      } catch (error) {
        if (isNotFound(error))
          return skipped(`there is no account ${account.namespace}/${account.name}`);
        if (!isForbidden(error)) throw error;
        return skipped('you may not create tokens of the account, or not review them');
      }
    },
  };
}

export function judgeReview(
  {
    authenticated,
    audiences,
    error,
  }: Pick<TokenReviewResult, 'authenticated' | 'audiences' | 'error'>,
  audience: string,
): CheckVerdict {
  if (authenticated && audiences.includes(audience)) {
    return ok(`the API server vouches for tokens of the audience ${audience}`);
  }
  const because = error ?? (authenticated ? 'it names another audience' : 'it does not say why');
  const fix = 'set TOKEN_AUDIENCES to the audience in the token volume of injected pods (istio-ca)';
  return failed(
    `the API server does not vouch for a token of the audience ${audience}: ${because}`,
    fix,
  );
}
