import { describe, expect, it } from '@jest/globals';
import { signerNameErrors } from '../../../src/sandbox/signer-name-rules.ts';

const label63 = 'a'.repeat(63);
const domain253 = [label63, label63, label63, 'a'.repeat(61)].join('.');

describe('signerNameErrors', () => {
  it.each([
    'example.com/signer',
    'clusterissuers.cert-manager.io/istio-system',
    'issuers.cert-manager.io/namespace.issuer',
    `${domain253}/x`,
    `${domain253}/${label63}.${'b'.repeat(253)}`,
  ])('has nothing against %s', (signerName) => {
    expect(signerNameErrors('spec.signerName', signerName)).toEqual([]);
  });

  it.each([
    ['', 'FieldValueRequired'],
    ['foo', 'FieldValueInvalid'],
    ['foo/bar', 'FieldValueInvalid'],
    ['a.b/c/d', 'FieldValueInvalid'],
    ['a.b/', 'FieldValueInvalid'],
    ['/x', 'FieldValueInvalid'],
    ['a.b/C', 'FieldValueInvalid'],
    ['A.b/c', 'FieldValueInvalid'],
    ['a.b/x..y', 'FieldValueInvalid'],
    [`a.${'b'.repeat(64)}/x`, 'FieldValueInvalid'],
    [`a${domain253}/x`, 'FieldValueTooLong'],
    [`${domain253}/${label63}.${'b'.repeat(253)}c`, 'FieldValueInvalid'],
  ])('refuses %j', (signerName, reason) => {
    const [error] = signerNameErrors('spec.signerName', signerName);
    expect(error?.reason).toBe(reason);
  });
});
