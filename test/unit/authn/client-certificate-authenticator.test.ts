import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '../../../src/authn/caller.ts';
import type { Credentials } from '../../../src/authn/authenticator.ts';
import { ClientAllowList } from '../../../src/authn/client-allow-list.ts';
import { ClientCertificateAuthenticator } from '../../../src/authn/client-certificate-authenticator.ts';
import type { AssignedRoots } from '../../../src/authn/client-certificate-authenticator.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import type { CertificateTemplate } from '../../../src/pki/certificate-builder.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import { ChainVerifier } from '../../../src/pki/chain.ts';
import { generateKeyPair } from '../../../src/pki/key-pair.ts';
import type { KeyPair } from '../../../src/pki/key-pair.ts';
import { parseCertificateBundle } from '../../../src/pki/pem.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const clock = new FakeClock();
const now = clock.now();
const hour = 3_600_000;
const uri = 'spiffe://example.com/ns/bar/sa/vm';
const { signal } = new AbortController();

let keyPair: KeyPair;
let barRoot: TestAuthority;
let barIssuing: TestAuthority;
let fooRoot: TestAuthority;
beforeAll(async () => {
  keyPair = await generateKeyPair('ecdsa-p256');
  barRoot = await TestAuthority.make('bar root', now);
  barIssuing = await TestAuthority.make('bar issuing', now, { issuer: barRoot });
  fooRoot = await TestAuthority.make('foo root', now);
});

function derOf(pem: string): Uint8Array {
  const [der] = parseCertificateBundle(pem);
  if (der === undefined) throw new Error('the test expected a certificate');
  return der;
}

/** The certificate that bar's signer gave its VM, changed as a test wants. */
async function leafOf(
  authority: TestAuthority,
  template: Partial<CertificateTemplate> = {},
): Promise<Uint8Array> {
  return derOf(
    await authority.sign({
      subject: {},
      spkiDer: keyPair.spkiDer,
      notBefore: now - hour,
      notAfter: now + hour,
      isCa: false,
      keyUsages: ['digitalSignature', 'keyEncipherment'],
      extendedKeyUsages: ['serverAuth', 'clientAuth'],
      uris: [uri],
      dnsNames: [],
      ...template,
    }),
  );
}

function certificateOf({ certificatePem }: TestAuthority): Certificate {
  return parseCertificate(derOf(certificatePem));
}

/** Knows bar's root for bar and foo's for foo. */
const assignedRoots: AssignedRoots = {
  rootsFor: ({ namespace }) => {
    const roots = { bar: [barRoot], foo: [fooRoot] }[namespace] ?? [];
    return Promise.resolve({ roots: roots.map(certificateOf), foreign: [] });
  },
};

interface Setting {
  readonly allowed?: readonly string[];
  readonly assignedRoots?: AssignedRoots;
  readonly sent?: Partial<Credentials>;
  readonly at?: FakeClock;
  readonly ends?: AbortSignal;
}

function present(
  certificate: Uint8Array | undefined,
  { sent = {}, allowed = ['ns/bar/*', 'ns/empty/*'], at = clock, ...setting }: Setting = {},
): Promise<Caller> {
  const mesh = loadMeshSnapshot('trustDomain: example.com', 1);
  const authenticator = new ClientCertificateAuthenticator({
    allowList: new ClientAllowList(allowed),
    assignedRoots: setting.assignedRoots ?? assignedRoots,
    mesh: { current: () => mesh },
    cluster: { id: 'Kubernetes', aliases: [] },
    verifier: new ChainVerifier(),
    clock: at,
  });
  const credentials = {
    authorization: [],
    clusterIds: [],
    clientCertificate: certificate,
    ...sent,
  };
  return authenticator.authenticate(credentials, setting.ends ?? signal);
}

const refusal = (reason: string): object => ({
  code: 'CALLER_UNAUTHENTICATED',
  reason: `client_certificate_${reason}`,
});

describe('ClientCertificateAuthenticator', () => {
  it('takes the one SPIFFE id of the certificate for the caller, bound to no pod', async () => {
    await expect(present(await leafOf(barRoot))).resolves.toEqual({
      identity: expect.objectContaining({ uri }),
      method: 'client-certificate',
      cluster: 'Kubernetes',
      pod: undefined,
      allowedSigners: 'all',
    });
  });

  it('is off without an allow-list', async () => {
    await expect(present(await leafOf(barRoot), { allowed: [] })).rejects.toMatchObject(
      refusal('off'),
    );
  });

  it('takes an identity that is allowed by its URI', async () => {
    await expect(present(await leafOf(barRoot), { allowed: [uri] })).resolves.toMatchObject({
      identity: { uri },
    });
  });

  it('refuses an identity that is not on the list, before it asks for its roots', async () => {
    const unasked: AssignedRoots = {
      rootsFor: () => Promise.reject(new Error('must not be asked')),
    };
    const setting = { allowed: ['ns/foo/*'], assignedRoots: unasked };

    await expect(present(await leafOf(barRoot), setting)).rejects.toMatchObject(
      refusal('not_allowed'),
    );
  });

  it.each([
    ['a client without a certificate', undefined, 'missing'],
    ['bytes that are no certificate', Uint8Array.of(0x30, 0), 'malformed'],
  ])('refuses %s', async (_case, certificate, reason) => {
    await expect(present(certificate)).rejects.toMatchObject(refusal(reason));
  });

  it.each<[string, Partial<CertificateTemplate>, string]>([
    ['an authority', { isCa: true }, 'is_ca'],
    ['one that may sign others', { keyUsages: ['digitalSignature', 'keyCertSign'] }, 'is_ca'],
    ['one whose key may not sign', { keyUsages: ['keyEncipherment'] }, 'key_usage'],
    ['one for servers alone', { extendedKeyUsages: ['serverAuth'] }, 'extended_key_usage'],
    ['one for any purpose', { extendedKeyUsages: ['any'] }, 'extended_key_usage'],
    ['one for no purpose in particular', { extendedKeyUsages: [] }, 'extended_key_usage'],
    ['one without names', { uris: [], subject: { commonName: uri } }, 'names'],
    ['one with two names', { uris: [uri, 'spiffe://example.com/ns/bar/sa/b'] }, 'names'],
    ['one with the same name twice', { uris: [uri, uri] }, 'names'],
    ['one with a host name too', { dnsNames: ['vm.example.com'] }, 'names'],
    ['one with the id as a host name', { uris: [], dnsNames: [uri] }, 'names'],
    ['one with another URI', { uris: ['https://example.com/'] }, 'names'],
    ['one with an escaped id', { uris: ['spiffe://example.com/ns/bar/sa/%76m'] }, 'names'],
    ['one of another domain', { uris: ['spiffe://evil.com/ns/bar/sa/vm'] }, 'trust_domain'],
    ['one not valid yet', { notBefore: now + 1_000 }, 'not_yet_valid'],
    ['one that has expired', { notAfter: now - 1_000 }, 'expired'],
    ['one signed with SHA-1', { hash: 'SHA-1' }, 'weak_signature'],
    [
      'one with a critical extension that nobody here knows',
      { extraExtensions: [{ oid: '1.2.3.4', critical: true, valueDer: Uint8Array.of(5, 0) }] },
      'critical_extension',
    ],
  ])('refuses %s', async (_case, template, reason) => {
    await expect(present(await leafOf(barRoot, template))).rejects.toMatchObject(refusal(reason));
  });

  it('looks at the time of each call, not of the handshake', async () => {
    const later = new FakeClock(now + 2 * hour);

    await expect(present(await leafOf(barRoot), { at: later })).rejects.toMatchObject(
      refusal('expired'),
    );
  });

  it('refuses a weak key', async () => {
    const { spkiDer } = await generateKeyPair('ecdsa-p256');
    // The curve's name (its last octet) is changed to one that nobody has.
    const strange = Uint8Array.from(spkiDer, (octet, at) => (at === 22 ? octet + 1 : octet));

    await expect(present(await leafOf(barRoot, { spkiDer: strange }))).rejects.toMatchObject(
      refusal('weak_key'),
    );
  });

  it.each([['Kubernetes'], ['']])('takes clusterid "%s"', async (clusterId) => {
    const caller = present(await leafOf(barRoot), { sent: { clusterIds: [clusterId] } });
    await expect(caller).resolves.toMatchObject({ cluster: 'Kubernetes' });
  });

  it('refuses the clusterid of another cluster', async () => {
    const caller = present(await leafOf(barRoot), { sent: { clusterIds: ['west'] } });
    const refused = { code: 'CALLER_UNAUTHENTICATED', reason: 'cluster_unknown' };
    await expect(caller).rejects.toMatchObject(refused);
  });
});

describe('the path of a client certificate', () => {
  it("may not end in another tenant's root", async () => {
    await expect(present(await leafOf(fooRoot))).rejects.toMatchObject(refusal('no_path'));
  });

  it("may not end in another tenant's root that the client sends along", async () => {
    const sent = { peerIntermediates: [derOf(fooRoot.certificatePem)] };

    await expect(present(await leafOf(fooRoot), { sent })).rejects.toMatchObject(
      refusal('no_path'),
    );
  });

  it('may lead over an intermediate, with strangers beside it', async () => {
    const peerIntermediates = [
      Uint8Array.of(1, 2, 3),
      derOf(fooRoot.certificatePem),
      derOf(barIssuing.certificatePem),
    ];

    const caller = present(await leafOf(barIssuing), { sent: { peerIntermediates } });
    await expect(caller).resolves.toMatchObject({ identity: { uri } });
  });

  it.each<[string, () => TestAuthority]>([
    ['is the root of another signer as well', () => barRoot],
    ['has been certified by it', () => barIssuing],
  ])('may not pass an authority that %s', async (_case, authority) => {
    const foreign = certificateOf(authority());
    const shared: AssignedRoots = {
      rootsFor: () => Promise.resolve({ roots: [certificateOf(barRoot)], foreign: [foreign] }),
    };
    const sent = { peerIntermediates: [derOf(barIssuing.certificatePem)] };
    const leaf = await leafOf(barIssuing);

    await expect(present(leaf, { sent, assignedRoots: shared })).rejects.toMatchObject(
      refusal('shared_root'),
    );
  });

  it('is not there without the intermediate', async () => {
    await expect(present(await leafOf(barIssuing))).rejects.toMatchObject(refusal('no_path'));
  });

  it('is not looked for among very many certificates', async () => {
    const peerIntermediates = Array<Uint8Array>(17).fill(derOf(barIssuing.certificatePem));

    const caller = present(await leafOf(barIssuing), { sent: { peerIntermediates } });
    await expect(caller).rejects.toMatchObject(refusal('too_many_certificates'));
  });

  it('is not there for an identity without a signer', async () => {
    const leaf = await leafOf(barRoot, { uris: ['spiffe://example.com/ns/empty/sa/vm'] });

    await expect(present(leaf)).rejects.toMatchObject(refusal('no_roots'));
  });

  it.each([
    ['says so', new RaError('AUTHENTICATION_UNAVAILABLE', 'not synced')],
    ['fails', new Error('disk on fire')],
  ])('is unavailable when whoever knows the signer %s', async (_case, failure) => {
    const failing: AssignedRoots = { rootsFor: () => Promise.reject(failure) };

    await expect(present(await leafOf(barRoot), { assignedRoots: failing })).rejects.toMatchObject({
      code: 'AUTHENTICATION_UNAVAILABLE',
    });
  });

  it('ends with the reason of the signal', async () => {
    const reason = new RaError('CANCELLED', 'the client went away');
    const gone = new AbortController();
    const aborting: AssignedRoots = {
      rootsFor: () => {
        gone.abort(reason);
        return Promise.reject(new Error('aborted'));
      },
    };

    await expect(
      present(await leafOf(barRoot), { assignedRoots: aborting, ends: gone.signal }),
    ).rejects.toBe(reason);
  });

  it('is unavailable when whoever knows the signer is silent for three seconds', async () => {
    const at = new FakeClock(now);
    const silent: AssignedRoots = { rootsFor: () => new Promise(() => undefined) };
    const caller = present(await leafOf(barRoot), { assignedRoots: silent, at });
    await at.advance(3_000);
    await expect(caller).rejects.toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' });

    expect(at.pendingTimers).toBe(0);
  });
});
