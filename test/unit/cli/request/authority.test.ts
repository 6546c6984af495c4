import { beforeAll, describe, expect, it } from '@jest/globals';
import { Authority } from '../../../../src/cli/request/authority.ts';
import type { RequestPlan } from '../../../../src/cli/request/request-plan.ts';
import type { CertificateCall } from '../../../../src/server/certificate-client.ts';
import { TestAuthority } from '../../../support/test-authority.ts';

const signal = new AbortController().signal;
const plan: RequestPlan = {
  ...{ address: 'localhost:15012', root: 'root.pem', token: 'token', trustDomain: 'cluster.local' },
  ...{ key: 'ecdsa-p256', certSigner: '', validitySeconds: 3_600, deadlineMs: 1_000 },
  ...{ gracePeriod: { ratio: 0.5, jitter: 0 }, folder: undefined, form: 'table', isQuiet: false },
};
let rootPem: string;

beforeAll(async () => {
  rootPem = (await TestAuthority.make('root', Date.UTC(2026, 0, 1))).certificatePem;
});

function tokenOf(subject: string): string {
  return `e30.${Buffer.from(JSON.stringify({ sub: subject })).toString('base64url')}.sig`;
}

/** An authority that notes what it is asked; its files are a map that the test may change. */
function scene(files: ReadonlyMap<string, string>, change: Partial<RequestPlan> = {}) {
  const calls: CertificateCall[] = [];
  const authority = new Authority(
    { ...plan, ...change },
    {
      protoDirectory: 'proto',
      readText: (path) => {
        const text = files.get(path);
        return text === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(text);
      },
      call: (call) => {
        calls.push(call);
        return Promise.resolve([]);
      },
    },
  );
  return { authority, calls };
}

describe('Authority', () => {
  it('reads the token again for each call, since the kubelet replaces it', async () => {
    const files = new Map([
      ['token', 'old\n'],
      ['root.pem', rootPem],
    ]);
    const { authority, calls } = scene(files);
    await authority.ask('csr', signal);
    files.set('token', 'new\n');
    await authority.ask('csr', signal);
    expect(calls.map(({ token }) => token)).toEqual(['old', 'new']);
  });

  it('asks for the account that the token is of', async () => {
    const files = new Map([['token', tokenOf('system:serviceaccount:foo:httpbin')]]);
    await expect(scene(files).authority.identity()).resolves.toBe(
      'spiffe://cluster.local/ns/foo/sa/httpbin',
    );
  });

  it('asks for the identity that is named, whatever the token says', async () => {
    const { authority } = scene(new Map(), { identity: 'spiffe://a/ns/b/sa/c' });
    await expect(authority.identity()).resolves.toBe('spiffe://a/ns/b/sa/c');
  });

  it.each([
    ['no file of roots', { token: 'x' }, 'cannot read the roots: ENOENT: name a PEM file'],
    ['roots that are none', { token: 'x', 'root.pem': 'hello' }, 'cannot be used: '],
    ['no token', { 'root.pem': 'pem' }, 'cannot read the token: ENOENT: name the file'],
    ['an empty token', { token: '\n', 'root.pem': 'pem' }, 'the token in token is empty: name'],
  ])('says what to do about %s', async (_what, texts, told) => {
    const files = new Map(Object.entries(texts));
    if (files.get('root.pem') === 'pem') files.set('root.pem', rootPem);
    const { authority, calls } = scene(files);
    await expect(authority.ask('csr', signal)).rejects.toThrow(told);
    expect(calls).toEqual([]);
  });
});
