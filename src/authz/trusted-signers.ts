import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { Certificate } from '../pki/certificate.ts';
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

/**
 * The roots that workloads of `signer` trust: its own first, then its partners', then those that are
 * sent along to everybody. One that several have stands there more than once.
 */
export function rootsTrustedBy(
  {
    policy,
    mesh,
  }: { readonly policy: Pick<SignerPolicy, 'trusts'>; readonly mesh: Pick<MeshSnapshot, 'trust'> },
  signer: SignerName,
): readonly Certificate[] {
  const theirs = signersTrustedBy(policy, signer).flatMap((name) => mesh.trust.rootsSentFor(name));
  return [...theirs, ...mesh.trust.unboundRoots];
}
