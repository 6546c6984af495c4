import { beforeAll, describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import type { MeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { buildCertificateRequest } from '../../../src/pki/certificate-request-builder.ts';
import { signerDomain } from '../../support/orders.ts';
import {
  bar,
  Bench,
  clock,
  foo,
  fooByDefault,
  keyPair,
  meshText,
  prepare,
  signerOf,
  twoTenants,
} from './authority-bench.ts';

beforeAll(prepare);

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

  it("asks no signer when foo asks for bar's", async () => {
    const bench = new Bench(twoTenants());
    await expect(bench.issue({ certSigner: 'bar' })).rejects.toMatchObject({
      code: 'SIGNER_REFUSED',
      reason: 'signer_not_assigned',
    });
    expect(bench.signed).toBe(0);
  });

  it('tells unknown and malformed signers apart in the log alone', async () => {
    const messages = await Promise.all(
      ['nobody', 'a/b', 'bar'].map((certSigner) =>
        new Bench(twoTenants()).issue({ certSigner }).catch((e: unknown) => RaError.from(e)),
      ),
    );
    const errors = messages as RaError[];
    expect(new Set(errors.map(({ publicMessage }) => publicMessage)).size).toBe(1);
    expect(new Set(errors.map(({ reason }) => reason)).size).toBe(3);
  });

  it('takes the default signer of the mesh when none is asked for', async () => {
    const bench = new Bench(twoTenants());
    await bench.issue({ certSigner: '' });
    expect(bench.decision.facts.assignedBy).toBe('meshConfig.defaultConfig');
  });

  it('refuses when there is neither wish nor default', async () => {
    const bench = new Bench(loadMeshSnapshot(meshText({ foo, bar }), 1));
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

  describe('with a root of no signer', () => {
    const withUnbound = (): MeshSnapshot => {
      const text = meshText({ foo }, fooByDefault);
      const unbound = `- { pem: ${JSON.stringify(bar.certificatePem)} }`;
      return loadMeshSnapshot(`${text}\n${unbound}`, 1, { trustUnboundRoots: true });
    };

    it('sends it along after those of the signer', async () => {
      const { elements } = await new Bench(withUnbound()).issue();
      expect(elements.slice(1).join('')).toBe(foo.certificatePem + bar.certificatePem);
    });

    it('refuses a chain that leads to it alone', async () => {
      const bench = new Bench(
        withUnbound(),
        signerOf(() => bar),
      );
      await expect(bench.issue()).rejects.toMatchObject({ code: 'ISSUED_CERTIFICATE_REJECTED' });
    });
  });

  it.each([
    ['is good', () => foo, [undefined]],
    ['is refused', () => bar, ['ISSUED_CERTIFICATE_REJECTED']],
  ])('tells the signer when its answer %s', async (_what, authority, told) => {
    const verdicts: unknown[] = [];
    const signer = signerOf(authority);
    const bench = new Bench(twoTenants(), {
      sign: async (order, signal) => ({
        ...(await signer.sign(order, signal)),
        checked: (error) => verdicts.push((error as RaError | undefined)?.code),
      }),
    });
    await bench.issue().catch(() => undefined);
    expect(verdicts).toEqual(told);
  });

  it('fails when the root was withdrawn while the signer worked', async () => {
    const bench: Bench = new Bench(
      twoTenants(),
      signerOf(
        () => foo,
        () => (bench.mesh = loadMeshSnapshot(meshText({ bar }, fooByDefault), 2)),
      ),
    );
    await expect(bench.issue()).rejects.toMatchObject({ reason: 'root_withdrawn' });
  });

  it('fails when the trust domain changed while the signer worked', async () => {
    const bench: Bench = new Bench(
      twoTenants(),
      signerOf(
        () => foo,
        () => (bench.mesh = twoTenants('trustDomain: new.example', 2)),
      ),
    );
    await expect(bench.issue()).rejects.toMatchObject({ reason: 'trust_domain_changed' });
  });

  it('goes on when the mesh config changed in another place', async () => {
    const bench: Bench = new Bench(
      twoTenants(),
      signerOf(
        () => foo,
        () => (bench.mesh = loadMeshSnapshot(meshText({ foo }, fooByDefault), 2)),
      ),
    );
    await expect(bench.issue()).resolves.toBeDefined();
  });
});
