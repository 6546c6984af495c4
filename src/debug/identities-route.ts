import type { AssignmentInputSource } from '../authz/assignment-inputs.ts';
import type { PageRoute } from '../server/page-server.ts';
import { assignedSigner } from './assigned-signer.ts';
import { answerJson, refuseOthers } from './json-answer.ts';
import type { SeenIdentities, SeenIdentity } from './seen-identities.ts';

const maxListed = 200;

export interface IdentitiesOptions {
  readonly inputSource: AssignmentInputSource;
  readonly seen: SeenIdentities;
  /** The id of the local cluster. */
  readonly cluster: string;
}

/**
 * `/debug/identities?namespace=…&search=…`: who asked, the latest first, with the signer that each
 * would get now; `search` is a part of `namespace/account`. Both may be left out.
 */
export function identitiesRoute({
  inputSource,
  seen,
  cluster: local,
}: IdentitiesOptions): PageRoute {
  return answerJson((query) => {
    refuseOthers(query, ['namespace', 'search']);
    const inputs = inputSource.current();
    const [namespace, search] = [query.get('namespace'), query.get('search') ?? ''];
    const matching = [...seen.all()].filter(
      (identity) =>
        (namespace === null || identity.namespace === namespace) &&
        nameOf(identity).includes(search),
    );
    const listed = matching.slice(-maxListed).reverse();
    return {
      found: matching.length,
      identities: listed.map((identity) => {
        const { cluster = local } = identity;
        return { ...identity, now: assignedSigner({ ...identity, cluster }, inputs) };
      }),
    };
  });
}

function nameOf({ namespace, serviceAccount }: SeenIdentity): string {
  return `${namespace}/${serviceAccount}`;
}
