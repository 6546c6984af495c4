import { CsrError, DerError } from './errors.ts';
import { asBuffer, sequenceOf, unsignedInteger } from './der-values.ts';
import { parseDer } from './der.ts';
import type { DerElement } from './der.ts';

/** The order of each curve's group (FIPS 186-5 and SP 800-186, section 3.2.1). */
const orders = {
  'P-256': 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  'P-384':
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
} as const;

const signatureLimits = { maxDepth: 2, maxElements: 3 };

/**
 * Refuses bytes that are not one strict ECDSA-Sig-Value (RFC 5480 appendix A) with r and s from 1 to
 * n-1. Libraries differ in what else they let pass. Throws CsrError.
 */
export function checkEcdsaSignature(signature: Uint8Array, curve: keyof typeof orders): void {
  try {
    const [r, s] = sequenceOf(parseDer(signature, signatureLimits), 2);
    if (isInRange(r, orders[curve]) && isInRange(s, orders[curve])) return;
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new CsrError('signature_encoding', `the signature is not DER: ${error.message}`, {
      cause: error,
    });
  }
  throw new CsrError('signature_encoding', 'r or s is not between 1 and n-1');
}

/** Hexadecimal numbers of one length compare as their text does. */
function isInRange(element: DerElement | undefined, order: string): boolean {
  const digits = asBuffer(unsignedInteger(element)).toString('hex').padStart(order.length, '0');
  return digits.length === order.length && /[^0]/.test(digits) && digits < order;
}
