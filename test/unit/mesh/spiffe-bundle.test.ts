import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseSpiffeBundle } from '../../../src/mesh/spiffe-bundle.ts';
import { TestAuthority } from '../../support/test-authority.ts';
import { bundleOf, rootKey } from './spiffe-bundles.ts';

let one: TestAuthority;
let other: TestAuthority;
let leaf: TestAuthority;

beforeAll(async () => {
  const now = Date.UTC(2026, 0, 1);
  one = await TestAuthority.make('one', now);
  other = await TestAuthority.make('other', now);
  leaf = await TestAuthority.make('leaf', now, { template: { isCa: false } });
});

function rootsOf(keys: readonly unknown[]): readonly string[] {
  return parseSpiffeBundle(bundleOf(keys)).roots.map(({ pem }) => pem);
}

describe('parseSpiffeBundle', () => {
  it('reads each X.509 root once', () => {
    expect(rootsOf([rootKey(one), rootKey(other), rootKey(one)])).toEqual([
      one.certificatePem,
      other.certificatePem,
    ]);
  });

  it('passes over keys of other uses and of none', () => {
    const { x5c } = rootKey(other);
    expect(rootsOf([{ use: 'jwt-svid', kid: 'x' }, { x5c }, rootKey(one)])).toEqual([
      one.certificatePem,
    ]);
  });

  it('has no roots where all were withdrawn', () => {
    expect(rootsOf([])).toEqual([]);
  });

  it('says how often it wants to be read', () => {
    const text = bundleOf([], { spiffe_refresh_hint: 300, spiffe_sequence: 1 });
    expect(parseSpiffeBundle(text).refreshMs).toBe(300_000);
    expect(parseSpiffeBundle(bundleOf([])).refreshMs).toBeUndefined();
  });

  it.each<[string, () => string, string]>([
    ['what is not JSON', () => '<html>', 'the bundle is not JSON'],
    ['a list', () => '[]', 'the bundle is not a JSON object'],
    ['no keys', () => '{}', 'the bundle has no list of keys'],
    ['a key that is a text', () => bundleOf(['x']), 'key 1 is not a JSON object'],
    ['too many keys', () => bundleOf(Array.from({ length: 101 }, () => ({}))), 'more than 100'],
    ['no x5c', () => bundleOf([{ use: 'x509-svid' }]), 'the certificate of key 1 is not one text'],
    ['x5c of a text', () => bundleOf([{ use: 'x509-svid', x5c: 'x' }]), 'is not one text'],
    ['an empty x5c', () => bundleOf([{ use: 'x509-svid', x5c: [] }]), 'is not one text'],
    ['what is not base64', () => bundleOf([{ use: 'x509-svid', x5c: ['-'] }]), 'is not one text'],
    ['no certificate', () => bundleOf([{ use: 'x509-svid', x5c: ['MAA='] }]), 'cannot be read'],
    ['a leaf', () => bundleOf([rootKey(leaf)]), 'is not a CA certificate'],
    ['a chain', () => bundleOf([{ ...rootKey(one), x5c: ['MAA=', 'MAA='] }]), 'is not one text'],
    ['a hint of words', () => bundleOf([], { spiffe_refresh_hint: 'soon' }), 'whole number'],
    ['a negative hint', () => bundleOf([], { spiffe_refresh_hint: -1 }), 'whole number'],
  ])('refuses %s', (_what, text, problem) => {
    expect(() => parseSpiffeBundle(text())).toThrow(problem);
  });
});
