import { connect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import type { Credentials } from '../../src/authn/authenticator.ts';
import { RotatingServerCredentials } from '../../src/server/credentials.ts';
import type { CompliancePolicy } from '../../src/server/tls-policy.ts';
import { TestAuthority } from '../support/test-authority.ts';
import { chainElements } from '../unit/server/support/fakes.ts';
import { goodCall, startServer, stopServers } from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import { serverName } from '../unit/server/support/tls-fixture.ts';
import type { Identity } from '../unit/server/support/tls-fixture.ts';

const spki = { type: 'spki', format: 'der' } as const;
const victim = 'spiffe://cluster.local/ns/foo/sa/httpbin';

let fixture: ServerFixture;
beforeAll(async () => {
  fixture = await startServer();
});
afterAll(async () => {
  await stopServers();
});
beforeEach(() => {
  fixture.authenticator.seen.splice(0);
});

interface Handshake {
  readonly protocol: string | null;
  readonly cipher: string;
  readonly resumed: boolean;
  readonly certificate: X509Certificate | undefined;
}

/** A TLS handshake as this client likes it; rejects with what the server answered. */
function handshake(options: ConnectionOptions, port = fixture.port): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const ca = fixture.authority.rootPem;
    const socket = connect({ port, host: '127.0.0.1', ca, servername: serverName, ...options });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve({
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().standardName,
        resumed: socket.isSessionReused(),
        certificate: socket.getPeerX509Certificate(),
      });
      socket.destroy();
    });
  });
}

const tls11: ConnectionOptions = {
  minVersion: 'TLSv1.1',
  maxVersion: 'TLSv1.1',
  ciphers: 'DEFAULT@SECLEVEL=0',
};
const cbc: ConnectionOptions = {
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA',
};

function expectStrictTls(): void {
  it('speaks TLS 1.3', async () => {
    await expect(handshake({})).resolves.toMatchObject({ protocol: 'TLSv1.3' });
  });

  it('speaks TLS 1.2 with authenticated encryption', async () => {
    await expect(handshake({ maxVersion: 'TLSv1.2' })).resolves.toMatchObject({
      protocol: 'TLSv1.2',
      cipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    });
  });

  it('refuses TLS 1.1', async () => {
    await expect(handshake(tls11)).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
  });

  it('refuses TLS 1.2 without authenticated encryption', async () => {
    await expect(handshake(cbc)).rejects.toMatchObject({
      code: expect.stringMatching(/ALERT_HANDSHAKE_FAILURE$/),
    });
  });
}

describe('TLS', () => {
  expectStrictTls();

  it('agrees on X25519MLKEM768 with a client that wants nothing else', async () => {
    await expect(handshake({ ecdhCurve: 'X25519MLKEM768' })).resolves.toMatchObject({
      protocol: 'TLSv1.3',
    });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('never resumes a %s session', async (maxVersion) => {
    const session = await new Promise<Buffer | undefined>((resolve) => {
      const ca = fixture.authority.rootPem;
      const socket = connect({ port: fixture.port, ca, servername: serverName, maxVersion });
      socket.once('session', resolve);
      socket.once('secureConnect', () => {
        setTimeout(() => {
          socket.destroy();
          resolve(undefined);
        }, 100);
      });
    });

    const again = await handshake({ maxVersion, ...(session === undefined ? {} : { session }) });

    expect(again.resumed).toBe(false);
  });
});

describe('a TLS policy', () => {
  it('of TLS 1.3 refuses TLS 1.2', async () => {
    const strict = await startServer({ policy: { minVersion: 'TLSv1.3' } });

    await expect(
      handshake({ maxVersion: 'TLSv1.2', ca: strict.authority.rootPem }, strict.port),
    ).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  });

  it('of one cipher suite takes no other', async () => {
    const suite = 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384';
    const narrow = await startServer({ policy: { cipherSuites: [suite] } });
    const options = { maxVersion: 'TLSv1.2', ca: narrow.authority.rootPem } as const;

    await expect(handshake(options, narrow.port)).resolves.toMatchObject({ cipher: suite });
  });
});

describe('a compliance policy', () => {
  async function served(
    compliance: CompliancePolicy,
  ): Promise<(options: ConnectionOptions) => Promise<Handshake>> {
    const { port, authority } = await startServer({ policy: { compliance } });
    return (options) => handshake({ ca: authority.rootPem, ...options }, port);
  }

  it('of fips-140-2 speaks TLS 1.2 over P-256 and nothing else', async () => {
    const shake = await served('fips-140-2');

    await expect(shake({})).resolves.toMatchObject({ protocol: 'TLSv1.2' });
    await expect(shake({ minVersion: 'TLSv1.3' })).rejects.toThrow();
    await expect(shake({ ecdhCurve: 'X25519' })).rejects.toThrow();
    await expect(shake({ ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' })).rejects.toThrow();
  });

  it('of fips-140-3 speaks TLS 1.3 too, but not over X25519 or with ChaCha20', async () => {
    const shake = await served('fips-140-3');

    await expect(shake({})).resolves.toMatchObject({ protocol: 'TLSv1.3' });
    await expect(shake({ maxVersion: 'TLSv1.2' })).resolves.toMatchObject({ protocol: 'TLSv1.2' });
    await expect(shake({ ecdhCurve: 'P-384' })).resolves.toMatchObject({ protocol: 'TLSv1.3' });
    await expect(shake({ ecdhCurve: 'X25519' })).rejects.toThrow();
    await expect(
      shake({ minVersion: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }),
    ).rejects.toThrow();
  });

  it('of pqc agrees on X25519MLKEM768 alone, also after a rotation', async () => {
    const { port, authority, credentials } = await startServer({ policy: { compliance: 'pqc' } });
    const shake = (options: ConnectionOptions): Promise<Handshake> =>
      handshake({ ca: authority.rootPem, ...options }, port);
    const check = async (): Promise<void> => {
      await expect(shake({ ecdhCurve: 'X25519MLKEM768' })).resolves.toMatchObject({
        protocol: 'TLSv1.3',
      });
      await expect(shake({ ecdhCurve: 'X25519:P-256' })).rejects.toThrow();
    };

    await check();
    credentials.rotate(await authority.issue({ dnsNames: [serverName] }));
    await check();
  });
});

describe('a client certificate', () => {
  async function seenOf(clientCertificate?: Identity): Promise<Credentials | undefined> {
    await fixture.client({ clientCertificate }).request(goodCall);
    return fixture.authenticator.seen[0];
  }

  it('may be absent', async () => {
    await expect(seenOf()).resolves.toMatchObject({ clientCertificate: undefined });
  });

  it('is handed on in DER, whoever signed it, with what came beside it', async () => {
    const now = Date.now();
    const root = await TestAuthority.make('root', now);
    const upper = await TestAuthority.make('upper', now, { issuer: root });
    const lower = await TestAuthority.make('lower', now, { issuer: upper });
    const { certificateChainPem, privateKeyPem } = await fixture.clientAuthority.issue({});
    const spkiDer = new X509Certificate(certificateChainPem).publicKey.export(spki);
    const validity = { notBefore: now - 1_000, notAfter: now + 60_000 };
    const leafPem = await lower.sign({
      ...{ subject: {}, spkiDer, isCa: false, keyUsages: ['digitalSignature'] },
      ...{ extendedKeyUsages: ['clientAuth'], uris: [victim], dnsNames: [], ...validity },
    });
    const chain = [leafPem, lower.certificatePem, upper.certificatePem];

    const seen = await seenOf({ certificateChainPem: chain.join(''), privateKeyPem });

    const [leaf, ...intermediates] = chain.map(
      (pem) => new Uint8Array(new X509Certificate(pem).raw),
    );
    expect(seen).toMatchObject({ clientCertificate: leaf, peerIntermediates: intermediates });
  });
});

describe('rotation', () => {
  let rotated: Identity;
  beforeAll(async () => {
    const client = fixture.client();
    await client.request(goodCall);
    rotated = await fixture.authority.issue({ dnsNames: [serverName] });
    fixture.credentials.rotate(rotated);
    // A connection that was there before goes on.
    await client.request(goodCall);
  });

  expectStrictTls();

  it('shows new connections the new certificate', async () => {
    const { certificate } = await handshake({});

    expect(certificate?.raw).toEqual(new X509Certificate(rotated.certificateChainPem).raw);
  });

  it('to a key that does not fit throws, and the server goes on as it was', async () => {
    const stranger = await fixture.authority.issue({ dnsNames: [serverName] });
    const { certificateChainPem } = rotated;
    const { privateKeyPem } = stranger;

    expect(() => {
      fixture.credentials.rotate({ certificateChainPem, privateKeyPem });
    }).toThrow('key values mismatch');
    await expect(fixture.client().request(goodCall)).resolves.toEqual(chainElements);
  });
});

describe('credentials with an unknown cipher suite', () => {
  it('are not made', async () => {
    const identity = await fixture.authority.issue({ dnsNames: [serverName] });
    const policy = { cipherSuites: ['TLS_RSA_WITH_AES_128_CBC_SHA'] };

    expect(() => new RotatingServerCredentials(identity, policy)).toThrow(
      'cipher suite "TLS_RSA_WITH_AES_128_CBC_SHA" is not one of',
    );
  });
});
