import { signersTrustedBy } from '../../authz/trusted-signers.ts';
import type { SignerPolicy } from '../../authz/signer-policy.ts';
import type { MeshSnapshot } from '../../mesh/mesh-snapshot.ts';
import type { SignerName } from '../../mesh/signer-name.ts';
import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { describeRoot } from '../describe-root.ts';
import { known } from '../fact.ts';

/** Whether tenants are kept apart: two signers with one root trust each other, whatever rules say. */
export function rootsShared({ facts }: Pick<CheckContext, 'facts'>): Check {
  return {
    id: 'roots-shared',
    severity: 'warning',
    run: () => judgeSharing(known(facts.mesh).snapshot, known(facts.policy).policy),
  };
}

export function judgeSharing(
  { trust }: Pick<MeshSnapshot, 'trust'>,
  policy: Pick<SignerPolicy, 'trusts'>,
): CheckVerdict {
  const names = trust.signerNames;
  const shared = names.flatMap((one, at) => {
    const trusted: readonly string[] = signersTrustedBy(policy, one as SignerName);
    return names.slice(at + 1).flatMap((other) => {
      if (trusted.includes(other)) return [];
      const theirs = new Set(trust.rootsSentFor(other).map(({ sha256 }) => sha256));
      const root = trust.rootsSentFor(one).find(({ sha256 }) => theirs.has(sha256));
      return root === undefined ? [] : [`${one} and ${other} both have ${describeRoot(root)}`];
    });
  });
  if (shared.length === 0) return ok('no two signers share a root without being meant to');
  const fix = 'give each tenant a CA of its own, or say `trusts` of the two in the signer policy';
  return failed(`signers whose workloads trust each other: ${listed(shared)}`, fix);
}
