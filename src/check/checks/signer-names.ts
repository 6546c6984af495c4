import { readSignerText } from '../../authz/signer-text.ts';
import { parseSignerName, SignerNameError } from '../../mesh/signer-name.ts';
import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';
import { namedSigners, unlessUnread } from '../used-signers.ts';
import type { NamedSigner } from '../used-signers.ts';

/** Whether all that name a signer name one that can be. */
export function signerNames({ facts, config }: Pick<CheckContext, 'facts' | 'config'>): Check {
  return {
    id: 'signer-names',
    severity: 'error',
    run: () => {
      const verdict = judgeSignerNames({
        certSigners: known(facts.mesh).snapshot.trust.signerNames,
        named: namedSigners(config, facts),
        signerDomain: config.signerDomain,
      });
      return unlessUnread(verdict, facts.proxyConfigs);
    },
  };
}

export interface SignerNameFacts {
  /** Of caCertificates, where full names stand. */
  readonly certSigners: readonly string[];
  readonly named: readonly NamedSigner[];
  readonly signerDomain: string | undefined;
}

export function judgeSignerNames({
  certSigners,
  named,
  signerDomain,
}: SignerNameFacts): CheckVerdict {
  const wrong = [
    ...certSigners.flatMap((name) => problemOf(name, 'caCertificates')),
    ...named.flatMap(({ text, by }) => {
      const read = readSignerText(text, signerDomain);
      return read.kind === 'unusable'
        ? [`${by}: ${text}: ${read.because}`]
        : problemOf(read.name, by);
    }),
  ];
  if (wrong.length === 0) return ok('all names of signers can be used');
  const fix =
    'write <domain>/<name> in certSigners, such as clusterissuers.cert-manager.io/foo; ' +
    'elsewhere a short name will do where CERT_SIGNER_DOMAIN is set';
  return failed(`names of signers that cannot be used: ${listed(wrong)}`, fix);
}

function problemOf(name: string, by: string): readonly string[] {
  try {
    parseSignerName(name);
  } catch (error) {
    if (!(error instanceof SignerNameError)) throw error;
    return [`${by}: ${name}: ${error.message}`];
  }
  const needsNamespace = /^issuers\.cert-manager\.io\/[^.]+$/.test(name);
  return needsNamespace
    ? [`${by}: ${name}: an Issuer's signer is issuers.cert-manager.io/<namespace>.<issuer>`]
    : [];
}
