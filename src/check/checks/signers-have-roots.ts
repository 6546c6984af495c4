import { readSignerText } from '../../authz/signer-text.ts';
import type { MeshSnapshot } from '../../mesh/mesh-snapshot.ts';
import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';
import { namedSigners, unlessUnread } from '../used-signers.ts';
import type { NamedSigner } from '../used-signers.ts';

/** Whether the mesh config has a root for every signer that somebody is given. */
export function signersHaveRoots({ facts, config }: Pick<CheckContext, 'facts' | 'config'>): Check {
  return {
    id: 'signers-have-roots',
    severity: 'error',
    run: () => {
      const { policy } = facts;
      const rules = policy.kind === 'known' ? policy.value.policy.rules : [];
      const ruled = rules.flatMap(({ signers, name }) =>
        signers.map((text) => ({ text, by: `rule ${name}` })),
      );
      const named = [...namedSigners(config, facts), ...ruled];
      const verdict = judgeRoots(named, known(facts.mesh).snapshot, config.signerDomain);
      return unlessUnread(verdict, facts.proxyConfigs);
    },
  };
}

export function judgeRoots(
  named: readonly NamedSigner[],
  { trust, config }: Pick<MeshSnapshot, 'trust' | 'config'>,
  signerDomain: string | undefined,
): CheckVerdict {
  // Their roots are had from a URL while it runs, which is not asked here.
  const elsewhere = new Set(
    config.caCertificates.flatMap(({ spiffeBundleUrl, certSigners }) =>
      spiffeBundleUrl === undefined ? [] : certSigners,
    ),
  );
  const without = named.flatMap(({ text, by }) => {
    const read = readSignerText(text, signerDomain);
    if (read.kind === 'unusable') return [];
    const { name } = read;
    return trust.anchorsOf(name).length > 0 || elsewhere.has(name) ? [] : [`${name}, by ${by}`];
  });
  if (without.length === 0)
    return ok('every signer that is assigned has a root in the mesh config');
  const fix =
    'add the root of each to caCertificates of the mesh config, with the full name in certSigners';
  return failed(`signers that are assigned and have no root: ${listed(without)}`, fix);
}
