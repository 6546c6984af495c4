import type { Labels } from '../mesh/proxy-config.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';
import type { RuleMatch, SignerPolicy, SignerRule } from './signer-policy.ts';

/** What rules look at: all of it vouched for by a cluster's API server, none of it by the caller. */
export interface RuleSubject {
  readonly identity: SpiffeId;
  readonly cluster: string;
  /** Undefined when they are not known. */
  readonly namespaceLabels: Labels | undefined;
}

/** Whether a rule is for somebody, and if not, half a sentence that says why. */
export type MatchVerdict =
  | { readonly kind: 'matches' }
  | { readonly kind: 'differs'; readonly because: string }
  /** It would depend on labels that are not known. */
  | { readonly kind: 'undecided'; readonly because: string };

const matches: MatchVerdict = { kind: 'matches' };

/** Whether the rule is for the subject. All given parts must hold; a list holds if one item does. */
export function matchRule(
  { match }: Pick<SignerRule, 'match'>,
  subject: RuleSubject,
): MatchVerdict {
  const because = differingPart(match, subject);
  if (because !== undefined) return { kind: 'differs', because };
  const { namespaceLabels: asked } = match;
  if (asked === undefined) return matches;
  const { namespaceLabels: carried } = subject;
  if (carried === undefined) {
    return { kind: 'undecided', because: 'the labels of the namespace are not known' };
  }
  const missing = Object.entries(asked).find(
    ([key, value]) => !Object.hasOwn(carried, key) || carried[key] !== value,
  );
  if (missing === undefined) return matches;
  return { kind: 'differs', because: `the namespace has no label ${missing.join('=')}` };
}

function differingPart(match: RuleMatch, { identity, cluster }: RuleSubject): string | undefined {
  const { namespace, serviceAccount } = identity;
  if (match.clusters?.includes(cluster) === false) return `it is not for cluster ${cluster}`;
  if (match.namespaces?.includes(namespace) === false)
    return `it is not for namespace ${namespace}`;
  const named = match.serviceAccounts?.some(
    (account) => account.name === serviceAccount && (account.namespace ?? namespace) === namespace,
  );
  if (named === false) return `it is not for service account ${namespace}/${serviceAccount}`;
  return undefined;
}

/** The exclusive rules that bind a signer; none: it is not bound. */
export function bindingsOf(policy: SignerPolicy, signer: SignerName): readonly SignerRule[] {
  return policy.rules.filter(({ exclusive, signers }) => exclusive && signers.includes(signer));
}

/**
 * The rules that keep `signer` from the subject: those that bind it, if none of them is for the
 * subject. Empty: nothing keeps it. A rule that cannot be decided is not for the subject.
 */
export function bindingsAgainst(
  policy: SignerPolicy,
  subject: RuleSubject,
  signer: SignerName,
): readonly SignerRule[] {
  const bindings = bindingsOf(policy, signer);
  return bindings.some((rule) => matchRule(rule, subject).kind === 'matches') ? [] : bindings;
}
