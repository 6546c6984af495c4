import { beforeAll, describe, expect, it } from '@jest/globals';
import type { GrantedIdentity } from '../../../src/authz/granted-identity.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import type { MeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { buildCertificateRequest } from '../../../src/pki/certificate-request-builder.ts';
import { ChainVerifier } from '../../../src/pki/chain.ts';
import { generateKeyPair } from '../../../src/pki/key-pair.ts';
import type { KeyPair } from '../../../src/pki/key-pair.ts';
import { Decision } from '../../../src/ra/decision.ts';
import type { IssuedChain } from '../../../src/ra/issued-chain.ts';
import { RegistrationAuthority } from '../../../src/ra/registration-authority.ts';
import type { Signer, SigningOrder } from '../../../src/ra/signer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { aGrantedIdentity, signerDomain } from '../../support/orders.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const clock = new FakeClock();
let identity: GrantedIdentity;
let keyPair: KeyPair;
let csrPem: string;
let foo: TestAuthority;
let bar: TestAuthority;

beforeAll(async () => {
  identity = await aGrantedIdentity();
  keyPair = await generateKeyPair('ecdsa-p256');
  csrPem = await buildCertificateRequest({ keyPair, subject: 'empty', uris: [identity.id.uri] });
  foo = await TestAuthority.make('foo', clock.now());
  bar = await TestAuthority.make('bar', clock.now());
});

function meshText(signers: Readonly<Record<string, TestAuthority>>, more = ''): string {
  const entries = Object.entries(signers).map(
    ([name, { certificatePem }]) =>
      `- { pem: ${JSON.stringify(certificatePem)}, certSigners: [${signerDomain}/${name}] }`,
  );
  return `${more}\ncaCertificates:\n${entries.join('\n')}`;
}

/** Signs with an authority what the order asks for; `before` runs while the signer works. */
function signerOf(authority: () => TestAuthority, before: () => void = () => undefined): Signer {
  return {
    sign: async ({ admitted, ttlSeconds }: SigningOrder) => {
      before();
      const certificatePem = await authority().sign({
        subject: { subjectDer: admitted.request.subjectDer },
        spkiDer: admitted.request.publicKey.spkiDer,
        notBefore: clock.now(),
        notAfter: clock.now() + ttlSeconds * 1000,
        isCa: false,
        keyUsages: ['digitalSignature', 'keyEncipherment'],
        extendedKeyUsages: ['serverAuth', 'clientAuth'],
        uris: [admitted.identity.id.uri],
        dnsNames: [],
      });
      return { certificatePem };
    },
  };
}

class Bench {
  mesh: MeshSnapshot;
  signed = 0;
  readonly decision = new Decision('r1', clock);
  readonly #authority: RegistrationAuthority;

  constructor(mesh: MeshSnapshot, signer: Signer = signerOf(() => foo)) {
    this.mesh = mesh;
    this.#authority = new RegistrationAuthority({
      mesh: { current: () => this.mesh },
      signers: { signerDomain, defaultSigner: undefined },
      lifetime: { defaultTtlSeconds: 86_400, maxTtlSeconds: 7_776_000 },
      signer: {
        sign: (order, signal) => {
          this.signed += 1;
          return signer.sign(order, signal);
        },
      },
      verifier: new ChainVerifier(),
      clock,
    });
  }

  issue(change: { certSigner?: string; csrPem?: string; ttl?: bigint } = {}): Promise<IssuedChain> {
    return this.#authority.issue(
      {
        identity,
        csrPem: change.csrPem ?? csrPem,
        certSigner: change.certSigner ?? 'foo',
        requestedTtlSeconds: change.ttl ?? 3600n,
        decision: this.decision,
      },
      new AbortController().signal,
    );
  }
}

const twoTenants = (): MeshSnapshot => loadMeshSnapshot(meshText({ foo, bar }), 1);

describe('RegistrationAuthority', () => {
  it('returns leaf and root and tells what it did', async () => {
    const bench = new Bench(twoTenants());
    const { elements } = await bench.issue();
    expect(elements).toHaveLength(2);
    expect(elements[1]).toBe(foo.certificatePem);
    expect(bench.decision.facts).toMatchObject({
      signer: `${signerDomain}/foo`,
      ttlAskedSeconds: '3600',
      ttlSeconds: 3600,
      serialNumber: expect.stringMatching(/^[0-9a-f]+$/) as unknown,
      notAfter: new Date(clock.now() + 3_600_000).toISOString(),
    });
    expect(Object.keys(bench.decision.stepsMs)).toEqual(['admit', 'sign', 'verify']);
  });

  it('uses the default validity when none is asked for', async () => {
    const bench = new Bench(twoTenants());
    await bench.issue({ ttl: 0n });
    expect(bench.decision.facts.ttlSeconds).toBe(86_400);
  });

  it.each([
    ['a CSR that is none', { csrPem: 'nonsense' }, 'CSR_REJECTED'],
    ['an unknown signer', { certSigner: 'nobody' }, 'SIGNER_REFUSED'],
    ['a signer name that is none', { certSigner: '../bar' }, 'SIGNER_REFUSED'],
    ['a validity of 60 s', { ttl: 60n }, 'TTL_REJECTED'],
  ])('asks no signer for %s', async (_what, change, code) => {
    const bench = new Bench(twoTenants());
    await expect(bench.issue(change)).rejects.toMatchObject({ code });
    expect(bench.signed).toBe(0);
  });

  it('asks no signer for the identity of another workload', async () => {
    const uris = ['spiffe://cluster.local/ns/bar/sa/httpbin'];
    const foreign = await buildCertificateRequest({ keyPair, subject: 'empty', uris });
    const bench = new Bench(twoTenants());
    await expect(bench.issue({ csrPem: foreign })).rejects.toMatchObject({
      code: 'CSR_REJECTED',
      reason: 'san_mismatch',
    });
    expect(bench.signed).toBe(0);
  });

  it('tells unknown and malformed signers apart in the log alone', async () => {
    const messages = await Promise.all(
      ['nobody', 'a/b'].map((certSigner) =>
        new Bench(twoTenants()).issue({ certSigner }).catch((e: unknown) => RaError.from(e)),
      ),
    );
    const [unknown, malformed] = messages as RaError[];
    expect(unknown?.publicMessage).toBe(malformed?.publicMessage);
    expect(unknown?.reason).not.toBe(malformed?.reason);
  });

  it('takes the default signer of the mesh when none is asked for', async () => {
    const more = 'defaultConfig: { proxyMetadata: { ISTIO_META_CERT_SIGNER: foo } }';
    const bench = new Bench(loadMeshSnapshot(meshText({ foo, bar }, more), 1));
    await bench.issue({ certSigner: '' });
    expect(bench.decision.facts.assignedBy).toBe('meshConfig.defaultConfig');
  });

  it('refuses when there is neither wish nor default', async () => {
    const bench = new Bench(twoTenants());
    await expect(bench.issue({ certSigner: '' })).rejects.toMatchObject({
      code: 'SIGNER_NOT_ASSIGNED',
    });
  });

  it('issues nothing for an assigned signer that has no root', async () => {
    const more = 'defaultConfig: { proxyMetadata: { ISTIO_META_CERT_SIGNER: rootless } }';
    const bench = new Bench(loadMeshSnapshot(meshText({ foo }, more), 1));
    await expect(bench.issue({ certSigner: '' })).rejects.toMatchObject({
      code: 'SIGNER_WITHOUT_ROOT',
    });
    expect(bench.signed).toBe(0);
  });

  it("never lets out foo's certificate under bar's root", async () => {
    const bench = new Bench(
      twoTenants(),
      signerOf(() => bar),
    );
    await expect(bench.issue()).rejects.toMatchObject({ code: 'ISSUED_CERTIFICATE_REJECTED' });
  });

  it('fails when the root was withdrawn while the signer worked', async () => {
    const bench: Bench = new Bench(
      twoTenants(),
      signerOf(
        () => foo,
        () => (bench.mesh = loadMeshSnapshot(meshText({ bar }), 2)),
      ),
    );
    await expect(bench.issue()).rejects.toMatchObject({ reason: 'root_withdrawn' });
  });

  it('fails when the trust domain changed while the signer worked', async () => {
    const bench: Bench = new Bench(
      twoTenants(),
      signerOf(
        () => foo,
        () =>
          (bench.mesh = loadMeshSnapshot(meshText({ foo, bar }, 'trustDomain: new.example'), 2)),
      ),
    );
    await expect(bench.issue()).rejects.toMatchObject({ reason: 'trust_domain_changed' });
  });

  it('goes on when the mesh config changed in another place', async () => {
    const bench: Bench = new Bench(
      twoTenants(),
      signerOf(
        () => foo,
        () => (bench.mesh = loadMeshSnapshot(meshText({ foo }), 2)),
      ),
    );
    await expect(bench.issue()).resolves.toBeDefined();
  });
});
