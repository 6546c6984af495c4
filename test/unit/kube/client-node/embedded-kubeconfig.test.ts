import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { readEmbeddedKubeconfig } from '../../../../src/kube/client-node/embedded-kubeconfig.ts';
import { thrownBy } from '../../../support/thrown-by.ts';

const secret = 'dG9rZW4-of-somebody';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly config?: object;
}

/** As `istioctl create-remote-secret` writes it, changed as a test wants. */
function kubeconfig({ cluster, user = { token: secret }, config }: Parts = {}): string {
  const server = 'https://east.example:6443/';
  const ca = { 'certificate-authority-data': base64('the CA') };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'east', cluster: { server, ...ca, ...cluster } }],
    users: [{ name: 'reader', user }],
    contexts: [{ name: 'one', context: { cluster: 'east', user: 'reader' } }],
    'current-context': 'one',
    preferences: {},
    ...config,
  });
}

const read = (parts?: Parts): ReturnType<typeof readEmbeddedKubeconfig> =>
  readEmbeddedKubeconfig(kubeconfig(parts), 'Secret east');

describe('an embedded kubeconfig', () => {
  it('gives server, authority and token', async () => {
    const access = read();

    expect(access.server).toBe('https://east.example:6443');
    await expect(access.credentials()).resolves.toEqual({
      headers: { authorization: `Bearer ${secret}` },
      tls: { ca: 'the CA' },
    });
  });

  it('gives a client certificate with its key', async () => {
    const data = { 'client-certificate-data': base64('c'), 'client-key-data': base64('k') };

    await expect(read({ user: data }).credentials()).resolves.toMatchObject({
      tls: { cert: 'c', key: 'k' },
    });
  });

  it('has no newer credentials when they are refused', async () => {
    const access = read();
    const refused = await access.credentials();

    await expect(access.renew(refused)).resolves.toBe(refused);
  });

  it.each<[string, Parts, string]>([
    ['runs a plugin', { user: { exec: { command: 'x' } } }, 'user "reader" has the field "exec"'],
    ['has an auth-provider', { user: { 'auth-provider': {} } }, 'the field "auth-provider"'],
    ['names a token file', { user: { token: 't', tokenFile: '/t' } }, 'the field "tokenFile"'],
    ['names a key file', { user: { 'client-key': '/k' } }, 'the field "client-key"'],
    ['acts as others', { user: { token: 't', as: 'admin' } }, 'the field "as"'],
    ['has a password', { user: { username: 'u', password: 'p' } }, 'the field "username"'],
    ['names a CA file', { cluster: { 'certificate-authority': '/ca' } }, '"certificate-authority"'],
    ['trusts anybody', { cluster: { 'insecure-skip-tls-verify': true } }, '"insecure-skip-tls'],
    ['goes by a proxy', { cluster: { 'proxy-url': 'http://p' } }, 'the field "proxy-url"'],
    ['is not https', { cluster: { server: 'http://e' } }, 'cluster "east" is not https'],
    ['has no server', { cluster: { server: null } }, 'cluster "east" has no server'],
    ['hides a user in the URL', { cluster: { server: 'https://u:p@e' } }, 'more than a host'],
    ['has no credentials', { user: {} }, 'neither a token nor a client certificate'],
    ['has a certificate without a key', { user: { 'client-certificate-data': 'Yw' } }, 'neither'],
    ['has no current context', { config: { 'current-context': '' } }, 'has no current-context'],
    ['names a context that is not there', { config: { contexts: [] } }, 'no context "one"'],
    ['names a cluster that is not there', { config: { clusters: [1] } }, 'no cluster "east"'],
    ['names a user that is not there', { config: { users: {} } }, 'no user "reader"'],
  ])('that %s is refused', (_case, parts, message) => {
    expect(() => read(parts)).toThrow(message);
  });

  it.each([
    '',
    '[]',
    'a: [',
    `token: ${secret}\ntoken: ${secret}`,
    `token: |${secret}`,
    'a: &a [1]\nb: *a',
  ])('that is %j is refused, and nothing of it is quoted', (text) => {
    const error = thrownBy(() => readEmbeddedKubeconfig(text, 'Secret east'));

    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toContain(secret);
  });

  it('that is longer than a Secret can be is refused', () => {
    expect(() => readEmbeddedKubeconfig('#'.repeat(1_048_577), 'x')).toThrow('too long');
  });
});
