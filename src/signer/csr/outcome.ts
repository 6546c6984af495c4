import type { SigningRequest } from '../../kube/signing-requests.ts';

/** What a CertificateSigningRequest's status says about its end. */
export type Outcome =
  | { readonly kind: 'pending'; readonly approved: boolean }
  | { readonly kind: 'issued'; readonly certificatePem: string }
  | { readonly kind: 'denied' | 'failed'; readonly reason: string; readonly message: string };

/** Reads the status. A refusal counts even beside a certificate: it must not be used then. */
export function outcomeOf(request: SigningRequest): Outcome {
  for (const [type, kind] of [
    ['Denied', 'denied'],
    ['Failed', 'failed'],
  ] as const) {
    const condition = request.conditions.find((c) => c.type === type && c.status === 'True');
    if (condition !== undefined) {
      return { kind, reason: condition.reason ?? type, message: condition.message ?? '' };
    }
  }
  const { certificatePem } = request;
  if (certificatePem !== undefined && certificatePem !== '') {
    return { kind: 'issued', certificatePem };
  }
  return { kind: 'pending', approved: request.conditions.some((c) => c.type === 'Approved') };
}
