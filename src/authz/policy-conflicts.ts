import { problemAt } from './policy-problem.ts';
import type { PolicyProblem } from './policy-problem.ts';
import type { AccountPattern, RuleMatch, SignerPolicy, SignerRule } from './signer-policy.ts';

/** What is wrong with a policy each of whose parts is well-formed, in no particular order. */
export function findConflicts(policy: SignerPolicy): readonly PolicyProblem[] {
  return [
    ...policy.rules.flatMap(repeatedSigners),
    ...policy.rules.flatMap(impossibleAccounts),
    ...policy.rules.flatMap(bindingOfEverybody),
    ...policy.rules.flatMap(bindingForTheTaking),
    ...policy.rules.flatMap(repeatedName),
    ...policy.rules.flatMap(neverReached),
    ...signersBoundElsewhere(policy),
    ...policy.trusts.flatMap(uselessTrust),
    ...policy.trusts.flatMap(repeatedTrust),
  ];
}

function nameOf({ name, line }: SignerRule): string {
  return `rule ${name} (line ${line})`;
}

function repeatedSigners({
  signers,
  signerLocations,
  ...rule
}: SignerRule): readonly PolicyProblem[] {
  return signers.flatMap((signer, index) =>
    signers.indexOf(signer) === index
      ? []
      : [problemAt(signerLocations[index] ?? rule, `${signer} stands in the list before`)],
  );
}

/** An account in a namespace that the same rule leaves out: a slip of the pen, one way or the other. */
function impossibleAccounts({ match }: SignerRule): readonly PolicyProblem[] {
  const { namespaces, serviceAccounts = [] } = match;
  return serviceAccounts.flatMap(({ namespace, name, ...place }) =>
    namespace === undefined || namespaces?.includes(namespace) !== false
      ? []
      : [problemAt(place, `${namespace}/${name} is in no namespace of match.namespaces`)],
  );
}

/** A signer that is bound to everybody would look bound and be open. */
function bindingOfEverybody(rule: SignerRule): readonly PolicyProblem[] {
  const everybody = Object.values(rule.match).every((part) => part === undefined);
  if (!rule.exclusive || !everybody) return [];
  return [problemAt(rule, 'an exclusive rule must not match everybody: it would bind nothing')];
}

/** Whoever may make a service account in any namespace at all could give it that name. */
function bindingForTheTaking({ exclusive, match }: SignerRule): readonly PolicyProblem[] {
  const { namespaces, namespaceLabels, serviceAccounts = [] } = match;
  if (!exclusive || namespaces !== undefined || namespaceLabels !== undefined) return [];
  return serviceAccounts.flatMap(({ namespace, name, ...place }) =>
    namespace === undefined
      ? [problemAt(place, `any namespace can have an account ${name}: write <namespace>/${name}`)]
      : [],
  );
}

function repeatedName(
  { name, nameLocation }: SignerRule,
  index: number,
  all: readonly SignerRule[],
): readonly PolicyProblem[] {
  const first = all.slice(0, index).find((earlier) => earlier.name === name);
  return first === undefined ? [] : [problemAt(nameLocation, `${nameOf(first)} has that name`)];
}

function neverReached(
  rule: SignerRule,
  index: number,
  all: readonly SignerRule[],
): readonly PolicyProblem[] {
  const before = all.slice(0, index).find((earlier) => covers(earlier.match, rule.match));
  if (before === undefined) return [];
  return [problemAt(rule, `is never reached: ${nameOf(before)} matches whoever it matches`)];
}

/**
 * A rule that is not exclusive and lists what another binds promises what cannot be had. Two
 * exclusive rules may list one signer: it is then bound to those who match either.
 */
function signersBoundElsewhere({ rules }: SignerPolicy): readonly PolicyProblem[] {
  const boundBy = new Map(
    rules
      .filter(({ exclusive }) => exclusive)
      .flatMap((rule) => rule.signers.map((signer) => [signer, rule])),
  );
  return rules
    .filter(({ exclusive }) => !exclusive)
    .flatMap((rule) =>
      rule.signers.flatMap((signer, index) => {
        const binding = boundBy.get(signer);
        if (binding === undefined) return [];
        const problem = `${signer} is bound by ${nameOf(binding)}: take it out, or make this rule exclusive too`;
        return [problemAt(rule.signerLocations[index] ?? rule, problem)];
      }),
    );
}

function uselessTrust({
  signers: [one, other],
  ...place
}: SignerPolicy['trusts'][number]): readonly PolicyProblem[] {
  return one === other ? [problemAt(place, `${one} trusts itself anyway`)] : [];
}

function repeatedTrust(
  { signers, ...place }: SignerPolicy['trusts'][number],
  index: number,
  all: SignerPolicy['trusts'],
): readonly PolicyProblem[] {
  const first = all
    .slice(0, index)
    .find(
      (pair) =>
        signers.every((signer) => pair.signers.includes(signer)) && signers[0] !== signers[1],
    );
  return first === undefined ? [] : [problemAt(place, `stands in line ${first.line} before`)];
}

/** Whether everybody whom `narrow` matches is matched by `wide`. */
function covers(wide: RuleMatch, narrow: RuleMatch): boolean {
  return (
    coversList(wide.clusters, narrow.clusters) &&
    coversList(wide.namespaces, namespacesOf(narrow)) &&
    coversLabels(wide.namespaceLabels, narrow.namespaceLabels) &&
    coversAccounts(wide, narrow)
  );
}

function coversList(
  wide: readonly string[] | undefined,
  narrow: readonly string[] | undefined,
): boolean {
  return wide === undefined || narrow?.every((item) => wide.includes(item)) === true;
}

/** The namespaces that a match is limited to, also where only its accounts say so. */
function namespacesOf({ namespaces, serviceAccounts }: RuleMatch): readonly string[] | undefined {
  if (namespaces !== undefined) return namespaces;
  const fromAccounts = serviceAccounts?.map(({ namespace }) => namespace) ?? [undefined];
  return fromAccounts.some((namespace) => namespace === undefined)
    ? undefined
    : fromAccounts.filter((namespace) => namespace !== undefined);
}

function coversLabels(
  wide: RuleMatch['namespaceLabels'],
  narrow: RuleMatch['namespaceLabels'],
): boolean {
  return Object.entries(wide ?? {}).every(([key, value]) => narrow?.[key] === value);
}

function coversAccounts({ serviceAccounts: wide }: RuleMatch, narrow: RuleMatch): boolean {
  if (wide === undefined) return true;
  const { serviceAccounts = [], namespaces } = narrow;
  const covered = ({ namespace, name }: AccountPattern): boolean => {
    const places = namespace === undefined ? namespaces : [namespace];
    return wide.some(
      (account) =>
        account.name === name &&
        (account.namespace === undefined ||
          places?.every((place) => place === account.namespace) === true),
    );
  };
  return serviceAccounts.length > 0 && serviceAccounts.every(covered);
}
