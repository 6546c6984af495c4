import type { SignerName } from '../mesh/signer-name.ts';
import type { SignerPolicy } from './signer-policy.ts';

/**
 * The signers whose workloads those of `signer` trust: itself first, then its partners in the order
 * of the policy. A partner's partners are not among them: trust is not passed on.
 */
export function signersTrustedBy(
  { trusts }: Pick<SignerPolicy, 'trusts'>,
  signer: SignerName,
): readonly SignerName[] {
  const partners = trusts.flatMap(({ signers: [one, other] }) => {
    if (one === signer) return [other];
    return other === signer ? [one] : [];
  });
  return [signer, ...partners];
}
