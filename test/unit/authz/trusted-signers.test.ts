import { describe, expect, it } from '@jest/globals';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import { signersTrustedBy } from '../../../src/authz/trusted-signers.ts';
import { signer, signerDomain } from './a-world.ts';

describe('signersTrustedBy', () => {
  const policy = parseSignerPolicy('trusts: [[foo, bar], [gateway, foo], [x, y]]', {
    signerDomain,
  });

  it.each([
    ['foo', ['foo', 'bar', 'gateway']],
    ['bar', ['bar', 'foo']],
    ['gateway', ['gateway', 'foo']],
    ['z', ['z']],
  ])('gives %s its own roots first, then those of its partners', (name, trusted) => {
    expect(signersTrustedBy(policy, signer(name))).toEqual(trusted.map(signer));
  });
});
