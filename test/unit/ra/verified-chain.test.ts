import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { CertificateTemplate } from '../../../src/pki/certificate-builder.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import { ChainVerifier } from '../../../src/pki/chain.ts';
import { generateKeyPair } from '../../../src/pki/key-pair.ts';
import { encodePem, parseCertificateBundle } from '../../../src/pki/pem.ts';
import { IssuedChain } from '../../../src/ra/issued-chain.ts';
import type { SigningOrder } from '../../../src/ra/signer.ts';
import { VerifiedChain } from '../../../src/ra/verified-chain.ts';
import { expectWithinMs } from '../../support/expect-measured.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anOrder } from '../../support/orders.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const clock = new FakeClock();
const now = clock.now();
const ttlSeconds = 3600;

let order: SigningOrder;
let root: TestAuthority;
let intermediate: TestAuthority;
let otherRoot: TestAuthority;
let good: CertificateTemplate;

beforeAll(async () => {
  ({ order } = await anOrder(clock, { ttlSeconds }));
  root = await TestAuthority.make('foo root', now);
  intermediate = await TestAuthority.make('foo intermediate', now, { issuer: root });
  otherRoot = await TestAuthority.make('bar root', now);
  good = {
    subject: { subjectDer: order.admitted.request.subjectDer },
    spkiDer: order.admitted.request.publicKey.spkiDer,
    notBefore: now,
    notAfter: now + ttlSeconds * 1000,
    isCa: false,
    keyUsages: ['digitalSignature', 'keyEncipherment'],
    extendedKeyUsages: ['serverAuth', 'clientAuth'],
    uris: [order.admitted.identity.id.uri],
    dnsNames: [],
  };
});

function rootsOf(authorities: readonly TestAuthority[]): readonly Certificate[] {
  return authorities.flatMap(({ certificatePem }) =>
    parseCertificateBundle(certificatePem).map((der) => parseCertificate(der)),
  );
}

function verify(pem: string, roots: readonly TestAuthority[] = [root]): VerifiedChain {
  return VerifiedChain.verify(pem, {
    order,
    roots: rootsOf(roots),
    verifier: new ChainVerifier(),
    now,
  });
}

function bad(change: Partial<CertificateTemplate>): Promise<string> {
  return root.sign({ ...good, ...change });
}

describe('VerifiedChain', () => {
  it('counts the certificates before it reads them', async () => {
    const strangers = encodePem('CERTIFICATE', Uint8Array.of(0x30, 0)).repeat(17);
    const answer = `${await root.sign(good)}${strangers}`;
    expect(() => verify(answer)).toThrow(
      expect.objectContaining({ reason: 'chain_too_many_certificates' }),
    );
  });

  it.each([
    ['of one line', 'x'.repeat(1_040_000)],
    ['of lines that begin nothing', '-----BEGIN\n'.repeat(90_000)],
    ['of blank lines', '\n'.repeat(1_040_000)],
    ['of one block that never ends', `-----BEGIN CERTIFICATE-----\n${'AAAA\n'.repeat(200_000)}`],
    ['of certificates', encodePem('CERTIFICATE', Uint8Array.of(0x30, 0)).repeat(15_000)],
  ])('F29: refuses a mebibyte %s before anybody else has to wait for it', async (what, text) => {
    const rejected = expect.objectContaining({ code: 'ISSUED_CERTIFICATE_REJECTED' });
    await expectWithinMs(1_000, `a mebibyte ${what}`, () => {
      expect(() => verify(text)).toThrow(rejected);
    });
  });

  it('accepts what was ordered and answers leaf, then the root', async () => {
    const leaf = await root.sign(good);
    const { elements } = IssuedChain.of(verify(leaf), rootsOf([root]));
    expect(elements).toHaveLength(2);
    expect(
      new X509Certificate(elements[0] ?? '').checkIssued(new X509Certificate(root.certificatePem)),
    ).toBe(true);
    expect(elements[1]).toBe(root.certificatePem);
  });

  it('puts an unordered chain with strangers and repetitions in order', async () => {
    const leaf = await intermediate.sign(good);
    const sent = [otherRoot, intermediate, root, intermediate].map((a) => a.certificatePem);
    const { elements } = IssuedChain.of(verify([...sent, leaf].join('')), rootsOf([root]));
    expect(elements).toEqual([leaf, intermediate.certificatePem, root.certificatePem]);
  });

  it('returns all roots of the signer as one last element', async () => {
    const leaf = await root.sign(good);
    const { elements } = IssuedChain.of(
      verify(leaf, [otherRoot, root]),
      rootsOf([otherRoot, root]),
    );
    expect(elements.at(-1)).toBe(otherRoot.certificatePem + root.certificatePem);
  });

  it('takes an intermediate that is configured as root for an anchor', async () => {
    const leaf = await intermediate.sign(good);
    const chain = verify(leaf, [intermediate]);
    expect(IssuedChain.of(chain, rootsOf([intermediate])).elements).toEqual([
      leaf,
      intermediate.certificatePem,
    ]);
  });

  it('tolerates comments around the blocks, CRLF and a signer clock that is a little ahead', async () => {
    const leaf = await bad({ notBefore: now + 240_000, notAfter: now + 3_840_000 });
    const commented = `subject=x\n${leaf}\n`.replaceAll('\n', '\r\n');
    expect(verify(commented).leaf.pem).toBe(leaf);
  });

  it('lets a signer leave out key encipherment for an elliptic-curve key', async () => {
    expect(verify(await bad({ keyUsages: ['digitalSignature'] })).intermediates).toEqual([]);
  });

  it('lets a signer drop the empty organization', async () => {
    const subject = { subjectDer: Buffer.from('3000', 'hex') };
    expect(verify(await bad({ subject })).intermediates).toEqual([]);
  });

  const cases: readonly (readonly [string, string, () => Promise<string>])[] = [
    ['nothing', 'certificate_malformed', () => Promise.resolve('')],
    ['no PEM', 'certificate_malformed', () => Promise.resolve('not a certificate')],
    [
      'a PEM block that holds no certificate',
      'certificate_malformed',
      () => Promise.resolve(encodePem('CERTIFICATE', Buffer.from('hello'))),
    ],
    [
      'a private key beside the certificate',
      'certificate_malformed',
      async () => (await root.sign(good)) + encodePem('PRIVATE KEY', Buffer.from('x')),
    ],
    [
      'another public key',
      'public_key_mismatch',
      async () => bad({ spkiDer: (await generateKeyPair('ecdsa-p256')).spkiDer }),
    ],
    [
      'another identity',
      'san_mismatch',
      () => bad({ uris: ['spiffe://cluster.local/ns/bar/sa/httpbin'] }),
    ],
    [
      'a second identity',
      'san_mismatch',
      () => bad({ uris: [...good.uris, 'spiffe://cluster.local/ns/bar/sa/httpbin'] }),
    ],
    ['a DNS name beside the identity', 'san_mismatch', () => bad({ dnsNames: ['httpbin.foo'] })],
    ['no name', 'san_mismatch', () => bad({ uris: [] })],
    ['a subject', 'subject_mismatch', () => bad({ subject: { commonName: 'httpbin' } })],
    ['a certificate that may sign', 'is_ca', () => bad({ isCa: true })],
    [
      'the right to sign certificates',
      'key_usage',
      () => bad({ keyUsages: ['digitalSignature', 'keyEncipherment', 'keyCertSign'] }),
    ],
    [
      'the right to sign statements',
      'key_usage',
      () => bad({ keyUsages: ['digitalSignature', 'nonRepudiation'] }),
    ],
    ['no key usage', 'key_usage', () => bad({ keyUsages: [] })],
    ['no digital signature', 'key_usage', () => bad({ keyUsages: ['keyEncipherment'] })],
    ['no extended key usage', 'extended_key_usage', () => bad({ extendedKeyUsages: [] })],
    [
      'a server-only certificate',
      'extended_key_usage',
      () => bad({ extendedKeyUsages: ['serverAuth'] }),
    ],
    [
      'code signing',
      'extended_key_usage',
      () => bad({ extendedKeyUsages: ['serverAuth', 'clientAuth', '1.3.6.1.5.5.7.3.3'] }),
    ],
    [
      'any extended key usage',
      'extended_key_usage',
      () => bad({ extendedKeyUsages: ['serverAuth', 'clientAuth', '2.5.29.37.0'] }),
    ],
    [
      'an unknown critical extension',
      'unknown_critical_extension',
      () =>
        bad({
          extraExtensions: [
            { oid: '1.2.3.4', critical: true, valueDer: Buffer.from('0500', 'hex') },
          ],
        }),
    ],
    [
      'an expired certificate',
      'expired',
      () => bad({ notBefore: now - 7200_000, notAfter: now - 1000 }),
    ],
    ['a certificate of no duration', 'expired', () => bad({ notBefore: now, notAfter: now })],
    [
      'a certificate from the future',
      'not_yet_valid',
      () => bad({ notBefore: now + 600_000, notAfter: now + 3_600_000 }),
    ],
    [
      'a longer life than ordered',
      'lifetime_too_long',
      () => bad({ notAfter: now + ttlSeconds * 1000 + 600_000 }),
    ],
    ["another signer's certificate", 'chain_no_path', () => otherRoot.sign(good)],
    [
      "another signer's certificate with its root in the answer",
      'chain_no_path',
      async () => (await otherRoot.sign(good)) + otherRoot.certificatePem,
    ],
    ['a chain without its intermediate', 'chain_no_path', () => intermediate.sign(good)],
    [
      'an authority that only has the name of the root',
      'chain_signature_invalid',
      async () => (await TestAuthority.make('foo root', now)).sign(good),
    ],
    [
      'a leaf as issuer',
      'chain_not_a_ca',
      async () => {
        const template = { isCa: false } as const;
        const leaf = await TestAuthority.make('leaf', now, { issuer: root, template });
        return (await leaf.sign(good)) + leaf.certificatePem;
      },
    ],
    [
      'an expired intermediate',
      'chain_expired',
      async () => {
        const template = { notBefore: now - 7200_000, notAfter: now - 3600_000 };
        const expired = await TestAuthority.make('old', now, { issuer: root, template });
        return (await expired.sign(good)) + expired.certificatePem;
      },
    ],
    [
      'a certificate that outlives its issuer',
      'outlives_issuer',
      async () => {
        const template = { notAfter: now + 600_000 };
        const short = await TestAuthority.make('short', now, { issuer: root, template });
        return (await short.sign(good)) + short.certificatePem;
      },
    ],
    ['a SHA-1 signature', 'chain_weak_signature', () => bad({ hash: 'SHA-1' })],
    [
      'a path longer than the authority allows',
      'chain_path_length',
      async () => {
        const first = await TestAuthority.make('a', now, {
          issuer: root,
          template: { pathLength: 0 },
        });
        const second = await TestAuthority.make('b', now, { issuer: first });
        return (await second.sign(good)) + second.certificatePem + first.certificatePem;
      },
    ],
    [
      'an intermediate with name constraints',
      'chain_critical_extension',
      async () => {
        const extraExtensions = [
          { oid: '2.5.29.30', critical: true, valueDer: Buffer.from('3000', 'hex') },
        ];
        const bound = await TestAuthority.make('bound', now, {
          issuer: root,
          template: { extraExtensions },
        });
        return (await bound.sign(good)) + bound.certificatePem;
      },
    ],
  ];

  it.each(cases)('never lets out %s (%s)', async (_what, reason, make) => {
    const pem = await make();
    expect(() => verify(pem)).toThrow(
      expect.objectContaining({ code: 'ISSUED_CERTIFICATE_REJECTED', reason }),
    );
  });
});
