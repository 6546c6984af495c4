import { failed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';

/** Signers that are cert-manager's. */
export const isCertManagers = (signer: string): boolean =>
  /^(?:cluster)?issuers\.cert-manager\.io\//.test(signer);

/** Whether cert-manager is there, where signers are its issuers. */
export function certManagerPresent({
  facts,
  signers,
}: Pick<CheckContext, 'facts' | 'signers'>): Check {
  return {
    id: 'cert-manager-present',
    severity: 'error',
    run: () => judgePresence(known(signers), () => known(facts.hasCertManager)),
  };
}

export function judgePresence(signers: readonly string[], isThere: () => boolean): CheckVerdict {
  if (!signers.some(isCertManagers)) return skipped('no signer is an issuer of cert-manager');
  if (isThere()) return ok('the API has the resources of cert-manager');
  const fix = 'install cert-manager with its CRDs, or correct the names of the signers';
  return failed('signers are issuers of cert-manager, which is not installed', fix);
}
