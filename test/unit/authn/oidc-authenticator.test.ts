import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Caller } from '../../../src/authn/caller.ts';
import type { JWTPayload } from 'jose';
import type { Credentials } from '../../../src/authn/authenticator.ts';
import { OidcAuthenticator } from '../../../src/authn/oidc-authenticator.ts';
import type { OidcIssuer } from '../../../src/authn/oidc-authenticator.ts';
import { FixedKeySet } from '../../../src/authn/oidc-key-set.ts';
import type { OidcKeySet } from '../../../src/authn/oidc-key-set.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { keySetText, TokenSigner, unsignedToken } from './support/token-signer.ts';

const iss = 'https://issuer.example';
const { signal } = new AbortController();
const clock = new FakeClock();
const now = clock.now() / 1000;
const claims: JWTPayload = {
  iss,
  sub: 'system:serviceaccount:foo:httpbin',
  aud: ['other', 'istio-ca'],
  nbf: now - 10,
  exp: now + 3_600,
};
const kubernetes = {
  namespace: 'foo',
  serviceaccount: { name: 'httpbin', uid: 'account-uid' },
  pod: { name: 'httpbin-1', uid: 'pod-uid-1' },
};

let signer: TokenSigner;
let keys: OidcKeySet;
beforeAll(async () => {
  signer = await TokenSigner.make('key-1');
  keys = new FixedKeySet(keySetText(signer));
});

function anAuthenticator(issuer: Partial<OidcIssuer> = {}): OidcAuthenticator {
  const mesh = loadMeshSnapshot('trustDomain: example.com', 1);
  return new OidcAuthenticator({
    issuers: [
      {
        issuer: iss,
        audiences: ['istio-ca'],
        cluster: { id: 'edge', aliases: ['edge-alias'] },
        keys,
        allowedNamespaces: 'all',
        allowedSigners: 'all',
        ...issuer,
      },
    ],
    mesh: { current: () => mesh },
    clock,
  });
}

function present(
  token: string,
  issuer: Partial<OidcIssuer> = {},
  sent: Partial<Credentials> = {},
): Promise<Caller> {
  const credentials = {
    authorization: [`Bearer ${token}`],
    clusterIds: [],
    clientCertificate: undefined,
    ...sent,
  };
  return anAuthenticator(issuer).authenticate(credentials, signal);
}

async function callerWith(overrides: Record<string, unknown>): Promise<Caller> {
  return present(await signer.sign({ ...claims, ...overrides }));
}

const unauthenticated = (reason: string): object => ({ code: 'CALLER_UNAUTHENTICATED', reason });

describe('OidcAuthenticator', () => {
  it('derives the identity from the subject and the mesh trust domain', async () => {
    await expect(callerWith({})).resolves.toEqual({
      identity: expect.objectContaining({ uri: 'spiffe://example.com/ns/foo/sa/httpbin' }),
      method: 'oidc-token',
      cluster: 'edge',
      pod: undefined,
      allowedSigners: 'all',
    });
  });

  it.each(['RS256', 'PS256', 'ES384', 'EdDSA'])('takes a token signed with %s', async (alg) => {
    const other = await TokenSigner.make('key-2', alg);
    const token = await other.sign(claims);

    await expect(
      present(token, { keys: new FixedKeySet(keySetText(other)) }),
    ).resolves.toMatchObject({ method: 'oidc-token' });
  });

  it.each([
    ['another key under the same name', () => TokenSigner.make('key-1'), 'token_invalid'],
    ['a key that is not published', () => TokenSigner.make('key-9'), 'token_invalid'],
  ])('refuses a token signed with %s', async (_case, makeSigner, reason) => {
    const forger = await makeSigner();

    await expect(present(await forger.sign(claims))).rejects.toMatchObject(unauthenticated(reason));
  });

  it('refuses a token without a signature', async () => {
    await expect(present(unsignedToken(claims))).rejects.toMatchObject(
      unauthenticated('token_invalid'),
    );
  });

  it('refuses a MAC made with a public key as its secret', async () => {
    const secret = Buffer.from(JSON.stringify(signer.publicJwk));
    const header = { alg: 'HS256', kid: 'key-1' };
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(secret);

    await expect(present(token)).rejects.toMatchObject(unauthenticated('token_invalid'));
  });

  it('refuses a MAC whatever key is found for it', async () => {
    const [octets, hmac] = [new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }];
    const secret = await crypto.subtle.importKey('raw', octets, hmac, true, ['sign', 'verify']);
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret);

    await expect(
      present(token, { keys: { keyFor: () => Promise.resolve(secret) } }),
    ).rejects.toMatchObject(unauthenticated('token_invalid'));
  });

  it('refuses a header that brings its own key', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const header = { alg: 'ES256', jwk };
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);

    await expect(present(token)).rejects.toMatchObject(unauthenticated('token_invalid'));
  });

  it('refuses a token that leaves open which of two keys it means', async () => {
    const [one, two] = [await TokenSigner.make('a'), await TokenSigner.make('b')];
    const { privateKey } = await generateKeyPair('ES256');
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);

    await expect(
      present(token, { keys: new FixedKeySet(keySetText(one, two)) }),
    ).rejects.toMatchObject(unauthenticated('token_invalid'));
  });

  it.each([
    ['an end 59 s ago', { exp: now - 59 }],
    ['a start in 60 s', { nbf: now + 60 }],
    ['one audience as a string', { aud: 'istio-ca' }],
  ])('takes a token with %s', async (_case, overrides) => {
    await expect(callerWith(overrides)).resolves.toMatchObject({ cluster: 'edge' });
  });

  it.each([
    ['an end 60 s ago', { exp: now - 60 }, 'token_expired'],
    ['a start in 61 s', { nbf: now + 61 }, 'token_claims'],
    ['no end', { exp: undefined }, 'token_claims'],
    ['no start', { nbf: undefined }, 'token_claims'],
    ['an end that is a text', { exp: String(now + 60) }, 'token_claims'],
    ['no subject', { sub: undefined }, 'token_claims'],
    ['no audience', { aud: undefined }, 'token_audience'],
    ['other audiences', { aud: ['vault'] }, 'token_audience'],
    ['another audience as a string', { aud: 'istio-ca-2' }, 'token_audience'],
    ['another issuer', { iss: `${iss}/` }, 'issuer_unknown'],
    ['no issuer', { iss: undefined }, 'issuer_unknown'],
    ['a list of issuers', { iss: [iss] }, 'issuer_unknown'],
    ['a subject of two parts', { sub: 'system:serviceaccount' }, 'username_malformed'],
    ['a subject of five parts', { sub: `${claims.sub ?? ''}:x` }, 'username_malformed'],
    ['a person', { sub: 'alice@example.com' }, 'username_malformed'],
    ['a subject that is a number', { sub: 5 }, 'username_malformed'],
  ])('refuses a token with %s', async (_case, overrides, reason) => {
    await expect(callerWith(overrides)).rejects.toMatchObject(unauthenticated(reason));
  });
});

describe('the claims of Kubernetes in a token', () => {
  it('bind it to a pod', async () => {
    await expect(callerWith({ 'kubernetes.io': kubernetes })).resolves.toMatchObject({
      pod: { name: 'httpbin-1', uid: 'pod-uid-1' },
    });
  });

  it.each([
    ['are no object', 'foo'],
    ['have no pod', { ...kubernetes, pod: undefined }],
    ['have half a pod', { ...kubernetes, pod: { name: 'httpbin-1' } }],
    ['have a pod of other types', { ...kubernetes, pod: { name: ['x'], uid: 5 } }],
  ])('bind it to none where they %s', async (_case, said) => {
    await expect(callerWith({ 'kubernetes.io': said })).resolves.toMatchObject({ pod: undefined });
  });

  it.each([
    ['namespace', { ...kubernetes, namespace: 'bar' }],
    ['account', { ...kubernetes, serviceaccount: { name: 'sleep' } }],
    ['namespace by its type', { ...kubernetes, namespace: ['foo'] }],
  ])('are refused where they contradict the subject in the %s', async (_case, said) => {
    await expect(callerWith({ 'kubernetes.io': said })).rejects.toMatchObject(
      unauthenticated('token_claims'),
    );
  });
});

describe('the scope of an issuer', () => {
  it('allows a namespace that is listed', async () => {
    const allowedNamespaces = new Set(['foo']);

    await expect(present(await signer.sign(claims), { allowedNamespaces })).resolves.toMatchObject({
      identity: { namespace: 'foo' },
    });
  });

  it('refuses a namespace that is not', async () => {
    const allowedNamespaces = new Set(['bar']);

    await expect(present(await signer.sign(claims), { allowedNamespaces })).rejects.toMatchObject(
      unauthenticated('namespace_out_of_scope'),
    );
  });

  it.each(['', 'edge', 'edge-alias'])('takes clusterid "%s"', async (clusterId) => {
    await expect(
      present(await signer.sign(claims), {}, { clusterIds: [clusterId] }),
    ).resolves.toMatchObject({ cluster: 'edge' });
  });

  it('refuses the clusterid of another cluster', async () => {
    await expect(
      present(await signer.sign(claims), {}, { clusterIds: ['Kubernetes'] }),
    ).rejects.toMatchObject(unauthenticated('cluster_unknown'));
  });
});

describe('OidcAuthenticator at its edges', () => {
  it('is unavailable, not unauthenticated, when the keys cannot be had', async () => {
    const failure = new RaError('AUTHENTICATION_UNAVAILABLE', 'no keys');
    const noKeys = { keyFor: () => Promise.reject(failure) };

    await expect(present(await signer.sign(claims), { keys: noKeys })).rejects.toBe(failure);
  });

  it('ends with the reason of the signal', async () => {
    const reason = new RaError('CANCELLED', 'the client went away');
    const gone = new AbortController();
    const authenticator = anAuthenticator({
      keys: {
        keyFor: () => {
          gone.abort(reason);
          return Promise.reject(new Error('aborted'));
        },
      },
    });
    const credentials = {
      authorization: [`Bearer ${await signer.sign(claims)}`],
      clusterIds: [],
      clientCertificate: undefined,
    };

    await expect(authenticator.authenticate(credentials, gone.signal)).rejects.toBe(reason);
  });

  it.each([
    ['has no name', { issuer: '' }],
    ['has no audience', { audiences: [] }],
  ])('cannot be made with an issuer that %s', (_case, issuer) => {
    expect(() => anAuthenticator(issuer)).toThrow(Error);
  });

  it('knows its issuers by their exact names', () => {
    const known = [iss, iss.toUpperCase(), undefined].map((name) =>
      anAuthenticator().isConfigured(name),
    );
    expect(known).toEqual([true, false, false]);
  });

  it('throws nothing but RaError, whatever the token', async () => {
    const anyClaims = fc.record({
      iss: fc.constant(iss),
      sub: fc.oneof(fc.string(), fc.constant(claims.sub), fc.jsonValue()),
      aud: fc.oneof(fc.jsonValue(), fc.constant('istio-ca')),
      exp: fc.constantFrom(claims.exp, null, '1', -1, 1e308),
      nbf: fc.constantFrom(claims.nbf, null, '1', 1e308),
      'kubernetes.io': fc.jsonValue(),
    });
    await fc.assert(
      fc.asyncProperty(anyClaims, async (some) => {
        const verdict = await present(await signer.sign(some as JWTPayload)).then(
          ({ method }) => method,
          (error: unknown) => error instanceof RaError && error.code,
        );
        expect(['oidc-token', 'CALLER_UNAUTHENTICATED']).toContain(verdict);
      }),
      { numRuns: 200 },
    );
  });
});
