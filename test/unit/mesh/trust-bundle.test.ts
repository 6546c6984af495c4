import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import { parseCertificateBundle } from '../../../src/pki/pem.ts';
import { TrustBundle } from '../../../src/mesh/trust-bundle.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const signer = 'clusterissuers.cert-manager.io/foo';
let older: TestAuthority;
let newer: TestAuthority;
let leaf: TestAuthority;

beforeAll(async () => {
  const now = Date.UTC(2026, 0, 1);
  older = await TestAuthority.make('old', now);
  newer = await TestAuthority.make('new', now);
  leaf = await TestAuthority.make('leaf', now, { template: { isCa: false } });
});

function rootsOf(...pems: readonly string[]): readonly string[] {
  const bundle = TrustBundle.of(pems.map((pem) => ({ pem, certSigners: [signer] })));
  return bundle.anchorsOf(signer).map((root) => root.pem);
}

describe('TrustBundle', () => {
  it('gives each signer its own roots and strangers none', () => {
    const bundle = TrustBundle.of([
      { pem: older.certificatePem, certSigners: [signer, 'a.b/c'] },
      { pem: newer.certificatePem, certSigners: ['a.b/d'] },
    ]);
    expect(bundle.anchorsOf('a.b/c')).toHaveLength(1);
    expect(bundle.anchorsOf('a.b/d')[0]?.pem).toBe(newer.certificatePem);
    expect(bundle.anchorsOf('a.b/e')).toEqual([]);
    expect(bundle.signerNames).toEqual([signer, 'a.b/c', 'a.b/d']);
  });

  it('has the same roots sent for a signer that its certificates must lead to', () => {
    const pem = older.certificatePem + newer.certificatePem;
    const bundle = TrustBundle.of([{ pem, certSigners: [signer] }]);
    expect(bundle.rootsSentFor(signer)).toEqual(bundle.anchorsOf(signer));
    expect(bundle.rootsSentFor(signer)).toHaveLength(2);
    expect(bundle.rootsSentFor('a.b/e')).toEqual([]);
  });

  it('keeps two roots of one entry in order', () => {
    expect(rootsOf(older.certificatePem + newer.certificatePem)).toEqual([
      older.certificatePem,
      newer.certificatePem,
    ]);
  });

  it('joins the roots of two entries that name one signer', () => {
    expect(rootsOf(older.certificatePem, newer.certificatePem)).toHaveLength(2);
  });

  it('counts a root once, whatever its PEM looks like', () => {
    const crlf = `# a comment\n\n${older.certificatePem.replaceAll('\n', '\r\n')}`;
    expect(rootsOf(older.certificatePem, crlf)).toEqual([older.certificatePem]);
  });

  it('keeps roots of no signer apart from all signers', () => {
    const bundle = TrustBundle.of([
      { pem: older.certificatePem, certSigners: [signer] },
      { pem: newer.certificatePem, certSigners: [] },
    ]);
    expect(bundle.unboundRoots.map(({ pem }) => pem)).toEqual([newer.certificatePem]);
    expect(bundle.anchorsOf(signer)).toHaveLength(1);
    expect(bundle.signerNames).toEqual([signer]);
  });

  it("adds a bundle's roots to those of the entry that names it", () => {
    const entries = [
      { pem: older.certificatePem, spiffeBundleUrl: 'https://x/', certSigners: [signer] },
      { pem: undefined, spiffeBundleUrl: 'https://y/', certSigners: ['a.b/c'] },
    ];
    const [der] = parseCertificateBundle(newer.certificatePem);
    const root = parseCertificate(der ?? new Uint8Array());
    const bundle = TrustBundle.of(entries, new Map([['https://x/', [root]]]));
    expect(bundle.anchorsOf(signer).map(({ pem }) => pem)).toEqual([
      older.certificatePem,
      newer.certificatePem,
    ]);
    expect(bundle.signerNames).toEqual([signer]);
  });

  it.each([
    ['an empty pem', () => ''],
    ['text that is no PEM', () => 'hello'],
    ['a certificate that is no authority', () => leaf.certificatePem],
    ['a block that is cut off', () => older.certificatePem.slice(0, 200)],
  ])('refuses %s and names the entry', (_what, pem) => {
    const entries = [
      { pem: older.certificatePem, certSigners: [signer] },
      { pem: pem(), certSigners: [signer] },
    ];
    expect(() => TrustBundle.of(entries)).toThrow('caCertificates[1].pem: ');
  });
});
