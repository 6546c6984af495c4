import { readSignerText } from '../authz/signer-text.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { known } from './fact.ts';
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
      certSigner === undefined ? [] : [{ text: certSigner, by: `ProxyConfig ${namespace}/${name}` }],
    ),
  ];
}

/** Every signer that may be asked for, by full name, each once and in order. Throws UnknownFactError. */
export function usedSigners(config: RaConfig, facts: Facts): readonly string[] {
  const named = namedSigners(config, facts).flatMap(({ text }) => {
    const read = readSignerText(text, config.signerDomain);
    return read.kind === 'signer' ? [read.name] : [];
  });
  const { rules } = known(facts.policy).policy;
  const ruled = rules.flatMap(({ signers }) => signers);
  const rooted = known(facts.mesh).snapshot.trust.signerNames;
  return [...new Set<string>([...rooted, ...named, ...ruled])].sort();
}
