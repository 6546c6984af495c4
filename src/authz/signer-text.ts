import { parseSignerName, signerUnder, SignerNameError } from '../mesh/signer-name.ts';
import type { SignerName } from '../mesh/signer-name.ts';

/** What a text means that names a signer in a policy, a ProxyConfig, the mesh config or a request. */
export type SignerText =
  | { readonly kind: 'signer'; readonly name: SignerName }
  | {
      readonly kind: 'unusable';
      readonly reason: 'signer_domain_unset' | 'signer_name_malformed';
      /** Half a sentence. */
      readonly because: string;
    };

/**
 * Reads a signer: with a slash its full name, else a short name under CERT_SIGNER_DOMAIN.
 *
 * Divergence: istiod puts its domain before whatever it is given, slashes included, so that a mesh
 * cannot have signers of two domains.
 */
export function readSignerText(text: string, signerDomain: string | undefined): SignerText {
  try {
    if (text.includes('/')) return { kind: 'signer', name: parseSignerName(text) };
    if (signerDomain !== undefined)
      return { kind: 'signer', name: signerUnder(signerDomain, text) };
  } catch (error) {
    if (!(error instanceof SignerNameError)) throw error;
    return { kind: 'unusable', reason: 'signer_name_malformed', because: error.message };
  }
  const because = 'it is a short name, and CERT_SIGNER_DOMAIN is not set';
  return { kind: 'unusable', reason: 'signer_domain_unset', because };
}
