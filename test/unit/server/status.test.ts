import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import type { RaErrorCode } from '../../../src/base/error-table.ts';
import { requestIdOf, statusName, toClientStatus } from '../../../src/server/status.ts';

const requestId = '0123456789abcdef0123456789abcdef';

/** Written out once more, by hand: what agents do depends on each of these. */
const expected: Readonly<Record<RaErrorCode, string>> = {
  CALLER_UNAUTHENTICATED: 'UNAUTHENTICATED',
  IMPERSONATION_REFUSED: 'UNAUTHENTICATED',
  AUTHENTICATION_UNAVAILABLE: 'UNAVAILABLE',
  KUBERNETES_UNAVAILABLE: 'UNAVAILABLE',
  SIGNER_TIMEOUT: 'UNAVAILABLE',
  SIGNER_UNAVAILABLE: 'UNAVAILABLE',
  SIGNING_INTERRUPTED: 'UNAVAILABLE',
  NOT_READY: 'UNAVAILABLE',
  REQUEST_MALFORMED: 'INVALID_ARGUMENT',
  CSR_REJECTED: 'INVALID_ARGUMENT',
  KEY_REFUSED: 'PERMISSION_DENIED',
  TTL_REJECTED: 'INVALID_ARGUMENT',
  SIGNER_REFUSED: 'PERMISSION_DENIED',
  SIGNING_DENIED: 'PERMISSION_DENIED',
  SIGNER_WITHOUT_ROOT: 'FAILED_PRECONDITION',
  SIGNER_NOT_ASSIGNED: 'FAILED_PRECONDITION',
  KUBERNETES_FORBIDDEN: 'UNAVAILABLE',
  SIGNING_FAILED: 'INTERNAL',
  ISSUED_CERTIFICATE_REJECTED: 'INTERNAL',
  KUBERNETES_REFUSED: 'INTERNAL',
  INTERNAL: 'INTERNAL',
  OVERLOADED: 'RESOURCE_EXHAUSTED',
  CANCELLED: 'CANCELLED',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
};

describe('toClientStatus', () => {
  it.each(Object.entries(expected))('answers %s with %s', (code, name) => {
    const { code: status } = toClientStatus(new RaError(code as RaErrorCode, 'x'), requestId);

    expect(statusName(status)).toBe(name);
  });

  it('tells the client the public text and the request id, and nothing else', () => {
    const error = new RaError('CSR_REJECTED', 'the SAN is spiffe://secret', {
      reason: 'san_mismatch',
      cause: new Error('deep'),
    });

    expect(toClientStatus(error, requestId).details).toBe(`CSR rejected (request ${requestId})`);
  });
});

describe('requestIdOf', () => {
  it('finds the id that toClientStatus wrote', () => {
    const { details } = toClientStatus(new RaError('INTERNAL', 'x'), requestId);

    expect(requestIdOf(details)).toBe(requestId);
  });

  it.each(['', 'No connection established', `(request ${requestId}) and more`, '(request xyz)'])(
    'finds none in %j',
    (details) => {
      expect(requestIdOf(details)).toBeUndefined();
    },
  );
});
