import { describe, expect, it } from '@jest/globals';
import { admitKeyType } from '../../../src/authz/key-type.ts';
import type { PublicKeyKind } from '../../../src/pki/key-algorithm.ts';
import { noLimits } from '../../../src/authz/signer-policy.ts';

const rsa = (bits: number): PublicKeyKind => ({ kind: 'rsa', bits });
const ec = (curve: 'P-256' | 'P-384'): PublicKeyKind => ({ kind: 'ec', curve });

describe('admitKeyType', () => {
  const limits = { ...noLimits, keyTypes: ['rsa-3072', 'ecdsa-p256'] as const };

  it.each([rsa(3072), ec('P-256')])('lets %j through, which the policy names', (key) => {
    expect(() => {
      admitKeyType(limits, key);
    }).not.toThrow();
  });

  it.each([rsa(2048), rsa(3080), ec('P-384')])('refuses %j, which it does not name', (key) => {
    expect(() => {
      admitKeyType(limits, key);
    }).toThrow(expect.objectContaining({ code: 'CSR_REJECTED', reason: 'key_type_not_allowed' }));
  });

  it.each([rsa(2048), ec('P-384')])('lets %j through where the policy names none', (key) => {
    expect(() => {
      admitKeyType(noLimits, key);
    }).not.toThrow();
  });
});
