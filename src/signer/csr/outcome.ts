import type { SigningRequest } from '../../kube/signing-requests.ts';
import type { SigningOutcome } from '../signing-backend.ts';

/** Reads the status. A refusal counts even beside a certificate, which must not be used then. */
export function outcomeOf(request: SigningRequest): SigningOutcome {
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
