import { describe, expect, it } from '@jest/globals';
import type { Authenticator, Credentials } from '../../../src/authn/authenticator.ts';
import { AuthenticatorChain } from '../../../src/authn/authenticator-chain.ts';
import type { AuthenticatorChainOptions } from '../../../src/authn/authenticator-chain.ts';
import type { AuthenticationMethod, Caller } from '../../../src/authn/caller.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { aWorkloadId } from '../../support/orders.ts';
import { unsignedToken } from './support/token-signer.ts';

const iss = 'https://issuer.example';
const { signal } = new AbortController();

/** Lets everybody in, or throws what it was given. */
class FakeJudge implements Authenticator {
  asked = 0;
  readonly #method: AuthenticationMethod;
  readonly #failure: RaError | undefined;

  constructor(method: AuthenticationMethod, failure?: RaError) {
    this.#method = method;
    this.#failure = failure;
  }

  isConfigured(issuer: string | undefined): boolean {
    return issuer === iss;
  }

  authenticate(): Promise<Caller> {
    this.asked += 1;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const identity = aWorkloadId();
    return Promise.resolve({
      ...{ identity, method: this.#method, cluster: 'c', pod: undefined, allowedSigners: 'all' },
    });
  }
}

const certificate = Uint8Array.of(1, 2, 3);
const ofOidc = `Bearer ${unsignedToken({ iss })}`;
const ofKubernetes = `Bearer ${unsignedToken({ iss: 'https://kubernetes.default.svc' })}`;

const judges = {
  kubernetes: new FakeJudge('kubernetes-token'),
  oidc: new FakeJudge('oidc-token'),
  clientCertificate: new FakeJudge('client-certificate'),
};

function authenticate(
  sent: Partial<Credentials>,
  options: Partial<AuthenticatorChainOptions> = {},
): Promise<Caller> {
  const credentials = {
    authorization: [],
    clusterIds: [],
    clientCertificate: undefined,
    ...sent,
  };
  return new AuthenticatorChain({ ...judges, ...options }).authenticate(credentials, signal);
}

describe('AuthenticatorChain', () => {
  it.each([
    ['a token of a configured issuer', [ofOidc], 'oidc-token'],
    ['a token of another issuer', [ofKubernetes], 'kubernetes-token'],
    ['a token without an issuer', [`Bearer ${unsignedToken({})}`], 'kubernetes-token'],
    ['a token that cannot be read', ['Bearer opaque'], 'kubernetes-token'],
    ['Basic and then Bearer', ['Basic x', ofOidc], 'oidc-token'],
  ])('has %s judged by what it is', async (_case, authorization, method) => {
    await expect(authenticate({ authorization })).resolves.toMatchObject({ method });
  });

  it('has every token judged by Kubernetes where no issuer is configured', async () => {
    await expect(
      authenticate({ authorization: [ofOidc] }, { oidc: undefined }),
    ).resolves.toMatchObject({ method: 'kubernetes-token' });
  });

  it.each([
    ['no authorization', []],
    ['another scheme', ['Basic x']],
  ])('has a certificate judged where there is %s', async (_case, authorization) => {
    await expect(
      authenticate({ authorization, clientCertificate: certificate }),
    ).resolves.toMatchObject({ method: 'client-certificate' });
  });

  it.each([[ofOidc], [ofKubernetes]])('prefers the token to a certificate', async (token) => {
    await expect(
      authenticate({ authorization: [token], clientCertificate: certificate }),
    ).resolves.not.toMatchObject({ method: 'client-certificate' });
  });

  it.each(['Bearer ', 'bearer abc', 'BEARER', 'Bearer a b'])(
    'judges "%s" as a token, however misspelt',
    async (value) => {
      await expect(authenticate({ authorization: [value] })).rejects.toMatchObject({
        code: 'CALLER_UNAUTHENTICATED',
        reason: expect.stringMatching(/^token_/),
      });
    },
  );

  const refusal = new RaError('CALLER_UNAUTHENTICATED', 'scripted', { reason: 'of_the_token' });

  it.each([
    ['kubernetes', ofKubernetes],
    ['oidc', ofOidc],
    ['kubernetes', 'Bearer '],
  ] as const)('has the certificate judged when %s refuses the token', async (judge, token) => {
    const sent = { authorization: [token], clientCertificate: certificate };
    const options = { [judge]: new FakeJudge('oidc-token', refusal) };

    await expect(authenticate(sent, options)).resolves.toMatchObject({
      method: 'client-certificate',
    });
  });

  it('says of a bad token and a bad certificate why the token is bad', async () => {
    const reason = 'of_the_certificate';
    const other = new RaError('CALLER_UNAUTHENTICATED', 'scripted', { reason });
    const options = {
      kubernetes: new FakeJudge('kubernetes-token', refusal),
      clientCertificate: new FakeJudge('client-certificate', other),
    };
    const sent = { authorization: [ofKubernetes], clientCertificate: certificate };

    await expect(authenticate(sent, options)).rejects.toMatchObject({
      code: 'CALLER_UNAUTHENTICATED',
      reason: 'of_the_token',
      fields: { clientCertificate: reason },
    });
  });

  it('is unavailable when the certificate beside a bad token cannot be judged', async () => {
    const failure = new RaError('AUTHENTICATION_UNAVAILABLE', 'scripted');
    const options = {
      kubernetes: new FakeJudge('kubernetes-token', refusal),
      clientCertificate: new FakeJudge('client-certificate', failure),
    };
    const sent = { authorization: [ofKubernetes], clientCertificate: certificate };

    await expect(authenticate(sent, options)).rejects.toBe(failure);
  });

  it.each([
    ['kubernetes', ofKubernetes, 'AUTHENTICATION_UNAVAILABLE'],
    ['oidc', ofOidc, 'AUTHENTICATION_UNAVAILABLE'],
    ['kubernetes', ofKubernetes, 'CANCELLED'],
  ] as const)('asks nobody else when %s throws %s', async (judge, token, code) => {
    const failure = new RaError(code, 'scripted');
    const fresh = {
      kubernetes: new FakeJudge('kubernetes-token'),
      oidc: new FakeJudge('oidc-token'),
      clientCertificate: new FakeJudge('client-certificate'),
    };
    const sent = { authorization: [token], clientCertificate: certificate };
    const options = { ...fresh, [judge]: new FakeJudge('oidc-token', failure) };

    await expect(authenticate(sent, options)).rejects.toBe(failure);
    expect(Object.values(fresh).map(({ asked }) => asked)).toEqual([0, 0, 0]);
  });

  it.each([
    ['nothing', {}, {}],
    ['another scheme alone', { authorization: ['Basic x'] }, {}],
    [
      'a certificate where they are off',
      { clientCertificate: certificate },
      { clientCertificate: undefined },
    ],
  ])('refuses a client with %s', async (_case, sent, options) => {
    await expect(authenticate(sent, options)).rejects.toMatchObject({
      code: 'CALLER_UNAUTHENTICATED',
      reason: 'credentials_missing',
    });
  });

  it('does not look at x-forwarded-client-cert, wherever it comes from', async () => {
    const header = `URI=${aWorkloadId().uri}`;
    const sent: object = {
      authorization: [header],
      clusterIds: [header],
      'x-forwarded-client-cert': [header],
    };

    await expect(authenticate(sent)).rejects.toMatchObject({ reason: 'credentials_missing' });
  });
});
