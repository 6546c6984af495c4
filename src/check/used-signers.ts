import { readSignerText } from '../authz/signer-text.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { skipped } from './check.ts';
import type { Check, CheckVerdict } from './check.ts';
import { known } from './fact.ts';
import type { Fact } from './fact.ts';
import type { Facts } from './facts.ts';

/** A signer and who names it. */
export interface NamedSigner {
  readonly text: string;
  /** Such as `ProxyConfig foo/foopc`. */
  readonly by: string;
}

type Settings = Pick<RaConfig, 'defaultSigner' | 'serving'>;

/** Everybody that names a signer, but for rules: of these the policy itself says what is wrong. */
export function namedSigners(
  { defaultSigner, serving }: Settings,
  { mesh, proxyConfigs }: Pick<Facts, 'mesh' | 'proxyConfigs'>,
): readonly NamedSigner[] {
  const { defaultCertSigner } = known(mesh).snapshot.config;
  const entries = proxyConfigs.kind === 'known' ? proxyConfigs.value : [];
  return [
    ...(defaultSigner === undefined ? [] : [{ text: defaultSigner, by: 'K8S_SIGNER' }]),
    ...(serving.kind === 'signer' ? [{ text: serving.signerName, by: 'PILOT_CERT_PROVIDER' }] : []),
    ...(defaultCertSigner === undefined
      ? []
      : [{ text: defaultCertSigner, by: 'defaultConfig of the mesh config' }]),
    ...entries.flatMap(({ namespace, name, certSigner }) =>
      certSigner === undefined
        ? []
        : [{ text: certSigner, by: `ProxyConfig ${namespace}/${name}` }],
    ),
  ];
}

/** Every signer that may be asked for, by full name, each once and in order. Throws UnknownFactError. */
export function usedSigners(config: RaConfig, facts: Facts): readonly string[] {
  const named = namedSigners(config, facts).flatMap(({ text }) => {
    const read = readSignerText(text, config.signerDomain);
    return read.kind === 'signer' ? [read.name] : [];
  });
  // A policy that cannot be read has a check of its own; the other signers are still looked at.
  const rules = facts.policy.kind === 'known' ? facts.policy.value.policy.rules : [];
  const ruled = rules.flatMap(({ signers }) => signers);
  const rooted = known(facts.mesh).snapshot.trust.signerNames;
  return [...new Set<string>([...rooted, ...named, ...ruled])].sort();
}

/** A check for each signer; where these are not known, one of that kind that says so. */
export function checkEach(
  id: string,
  signers: Fact<readonly string[]>,
  make: (signer: string) => Omit<Check, 'id' | 'about'>,
): readonly Check[] {
  if (signers.kind === 'known') {
    return signers.value.map((signer) => ({ ...make(signer), id, about: signer }));
  }
  return [{ id, severity: 'error', run: () => known<never>(signers) }];
}

/** Nothing is found well of which a part was not seen: what was found wrong stays. */
export function unlessUnread(
  verdict: CheckVerdict,
  proxyConfigs: Facts['proxyConfigs'],
): CheckVerdict {
  if (verdict.kind !== 'ok' || proxyConfigs.kind === 'known') return verdict;
  return skipped(`${verdict.text}, but for ProxyConfigs: ${proxyConfigs.because}`);
}
