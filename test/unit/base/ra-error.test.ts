import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';

describe('RaError', () => {
  it('shows the client the text of its code, not its message', () => {
    const error = new RaError('CSR_REJECTED', 'modulus has a factor below 752', {
      reason: 'weak_modulus',
    });
    expect(error.publicMessage).toBe('CSR rejected');
    expect(error.reason).toBe('weak_modulus');
  });

  it('makes anything unknown an INTERNAL error and keeps it as cause', () => {
    const original = new TypeError('x is not a function');
    const error = RaError.from(original);
    expect(error.code).toBe('INTERNAL');
    expect(error.publicMessage).toBe('internal error');
    expect(error.cause).toBe(original);
    expect(RaError.from('text').message).toBe('text');
  });

  it('passes an RaError through as it is', () => {
    const error = new RaError('OVERLOADED', 'queue full');
    expect(RaError.from(error)).toBe(error);
  });
});
