import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadClusterAccess } from '../../../../src/kube/client-node/kubeconfig.ts';
import type { ClusterAccessOptions } from '../../../../src/kube/client-node/kubeconfig.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

let folder: string;
let clock: FakeClock;
let log: RecordingLogger;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kubeconfig-'));
  clock = new FakeClock();
  log = new RecordingLogger();
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

interface ConfigParts {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: string;
  readonly currentContext?: string;
}

/** A kubeconfig in JSON, which is YAML too. */
function aKubeconfig(parts: ConfigParts = {}): string {
  const { cluster = {}, user = {}, context = 'here', currentContext = context } = parts;
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://api.test:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: context, context: { cluster: 'c', user: 'u', namespace: 'istio-system' } }],
    'current-context': currentContext,
  });
}

function load(options: Partial<ClusterAccessOptions>): ReturnType<typeof loadClusterAccess> {
  return loadClusterAccess({ clock, log, ...options });
}

async function headersOf(options: Partial<ClusterAccessOptions>): Promise<object> {
  return (await (await load(options)).credentials()).headers;
}

describe('a kubeconfig', () => {
  it('names the server and the namespace', async () => {
    const kubeconfigPath = write('config', aKubeconfig({ user: { token: 't' } }));
    const access = await load({ kubeconfigPath });
    expect(access).toMatchObject({
      server: 'https://api.test:6443',
      namespace: 'istio-system',
      origin: kubeconfigPath,
    });
  });

  it.each([
    ['a token', { token: 'secret' }, { authorization: 'Bearer secret' }],
    ['name and password', { username: 'a', password: 'b' }, { authorization: 'Basic YTpi' }],
    [
      'somebody to act for',
      { token: 't', as: 'jane' },
      { authorization: 'Bearer t', 'impersonate-user': 'jane' },
    ],
    ['nothing', {}, {}],
  ])('may prove us with %s', async (_what, user, headers) => {
    const kubeconfigPath = write('config', aKubeconfig({ user }));
    await expect(headersOf({ kubeconfigPath })).resolves.toEqual(headers);
  });

  it('may prove us with what a plugin prints', async () => {
    const credential = { kind: 'ExecCredential', status: { token: 'from-a-plugin' } };
    const args = ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`];
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args };
    const kubeconfigPath = write('config', aKubeconfig({ user: { exec } }));
    const headers = { authorization: 'Bearer from-a-plugin' };
    await expect(headersOf({ kubeconfigPath })).resolves.toEqual(headers);
  });

  it('may name files, from its own folder on, for certificates and the token', async () => {
    for (const name of ['ca', 'cert', 'key']) write(name, `the ${name}`);
    write('token', 'in-a-file\n');
    const kubeconfigPath = write(
      'config',
      aKubeconfig({
        cluster: { 'certificate-authority': 'ca', 'tls-server-name': 'api' },
        user: { 'client-certificate': 'cert', 'client-key': 'key', tokenFile: 'token' },
      }),
    );
    const credentials = await (await load({ kubeconfigPath })).credentials();
    expect(credentials).toEqual({
      headers: { authorization: 'Bearer in-a-file' },
      tls: { ca: 'the ca', cert: 'the cert', key: 'the key', servername: 'api' },
    });
  });

  it('has its files read again after 30 s', async () => {
    write('ca', 'old ca');
    write('token', 'old');
    const cluster = { 'certificate-authority': 'ca' };
    const kubeconfigPath = write('config', aKubeconfig({ cluster, user: { tokenFile: 'token' } }));
    const access = await load({ kubeconfigPath });
    write('ca', 'new ca');
    write('token', 'new');
    await clock.advance(30_000);
    await expect(access.credentials()).resolves.toEqual({
      headers: { authorization: 'Bearer new' },
      tls: { ca: 'new ca' },
    });
  });

  it('that embeds everything is itself read again after 30 s', async () => {
    const data = (text: string): string => Buffer.from(text).toString('base64');
    const embedding = (generation: string): string =>
      aKubeconfig({
        cluster: { 'certificate-authority-data': data(`${generation} ca`) },
        user: {
          'client-certificate-data': data(`${generation} cert`),
          'client-key-data': data(`${generation} key`),
        },
      });
    const kubeconfigPath = write('config', embedding('old'));
    const access = await load({ kubeconfigPath });
    write('config', embedding('new'));
    await clock.advance(30_000);
    await expect(access.credentials()).resolves.toEqual({
      headers: {},
      tls: { ca: 'new ca', cert: 'new cert', key: 'new key' },
    });
  });

  it('keeps what its plugin printed while the file is the same', async () => {
    const script =
      "console.log(JSON.stringify({ kind: 'ExecCredential', status: { token: String(Math.random()), " +
      'expirationTimestamp: new Date(Date.now() + 3600000).toISOString() } }))';
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', script],
    };
    const access = await load({ kubeconfigPath: write('config', aKubeconfig({ user: { exec } })) });
    const before = await access.credentials();
    await clock.advance(30_000);
    expect(await access.credentials()).toBe(before);
  });

  it('that comes to name another server is not followed: our token is not for that one', async () => {
    const kubeconfigPath = write('config', aKubeconfig({ user: { token: 'old' } }));
    const access = await load({ kubeconfigPath });
    const cluster = { server: 'https://elsewhere.test:6443' };
    write('config', aKubeconfig({ cluster, user: { token: 'new' } }));
    await clock.advance(30_000);
    expect((await access.credentials()).headers).toEqual({ authorization: 'Bearer old' });
    expect(log.lines.map((line) => line.level)).toEqual(['warn']);
  });

  it.each([
    ['ends when it says so', { exp: 1_800_000_000 }, 1_800_000_000_000],
    ['has no end where it names none', { sub: 'x' }, undefined],
    ['has no end where it is no number', { exp: '1' }, undefined],
  ])('with a token that %s', async (_what, claims, expiresAt) => {
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const user = { token: `head.${payload}.signature` };
    const access = await load({ kubeconfigPath: write('config', aKubeconfig({ user })) });
    expect((await access.credentials()).expiresAt).toBe(expiresAt);
  });

  it('is itself read again after a 401', async () => {
    const kubeconfigPath = write('config', aKubeconfig({ user: { token: 'old' } }));
    const access = await load({ kubeconfigPath });
    write('config', aKubeconfig({ user: { token: 'new' } }));
    const renewed = await access.renew(await access.credentials());
    expect(renewed.headers).toEqual({ authorization: 'Bearer new' });
  });

  it('that switches verification off is warned about', async () => {
    const cluster = { 'insecure-skip-tls-verify': true };
    const kubeconfigPath = write('config', aKubeconfig({ cluster }));
    const access = await load({ kubeconfigPath });
    expect((await access.credentials()).tls).toEqual({ rejectUnauthorized: false });
    expect(log.lines.map((line) => line.level)).toEqual(['warn']);
  });
});

describe('KUBECONFIG', () => {
  it('may name several files, of which the first one counts and missing ones do not', async () => {
    const first = write('first', aKubeconfig({ user: { token: 'first' } }));
    const second = write('second', aKubeconfig({ user: { token: 'second' }, context: 'there' }));
    const kubeconfigVariable = [path.join(folder, 'missing'), first, second].join(path.delimiter);
    const headers = { authorization: 'Bearer first' };
    await expect(headersOf({ kubeconfigVariable })).resolves.toEqual(headers);
  });

  it('comes after a file that was named', async () => {
    const kubeconfigPath = write('named', aKubeconfig({ user: { token: 'named' } }));
    const kubeconfigVariable = write('variable', aKubeconfig({ user: { token: 'variable' } }));
    const headers = { authorization: 'Bearer named' };
    await expect(headersOf({ kubeconfigPath, kubeconfigVariable })).resolves.toEqual(headers);
  });
});

describe("a pod's service account", () => {
  it('is used where no kubeconfig is named', async () => {
    write('token', 'of the pod\n');
    write('ca.crt', 'the ca');
    write('namespace', 'istio-system\n');
    const access = await load({
      kubeconfigVariable: '',
      pod: { host: '10.0.0.1', port: '443', folder },
    });
    expect(access).toMatchObject({ server: 'https://10.0.0.1:443', namespace: 'istio-system' });
    await expect(access.credentials()).resolves.toEqual({
      headers: { authorization: 'Bearer of the pod' },
      tls: { ca: 'the ca' },
    });
  });

  it('may be reached over IPv6', async () => {
    write('token', 't');
    write('ca.crt', 'the ca');
    const access = await load({ pod: { host: 'fd00::1', port: '443', folder } });
    expect(access.server).toBe('https://[fd00::1]:443');
  });
});

describe('what cannot be used', () => {
  it('is told about when there is no Kubernetes API at all', async () => {
    await expect(load({})).rejects.toThrow(/--kubeconfig or KUBECONFIG, or run in a pod/);
  });

  it('is told about when the service account is not mounted', async () => {
    const pod = { host: '10.0.0.1', port: '443', folder };
    await expect(load({ pod })).rejects.toThrow(/service account names: ENOENT.*ca\.crt/);
  });

  it('is told about when the file is not there', async () => {
    const kubeconfigPath = path.join(folder, 'missing');
    await expect(load({ kubeconfigPath })).rejects.toThrow(
      /missing is not there: check --kubeconfig/,
    );
  });

  const other = 'kubectl config use-context';
  it.each([
    ['no YAML', '{', /is malformed/],
    ['nothing in it', '', /is malformed/],
    [
      'no cluster address',
      '{"clusters":[{"name":"c","cluster":{}}]}',
      /clusters\[0\]\.cluster\.server is missing/,
    ],
    [
      'no current context',
      aKubeconfig({ currentContext: '' }),
      new RegExp(`no current-context.*${other}.*here`),
    ],
    [
      'another current context',
      aKubeconfig({ currentContext: 'there' }),
      new RegExp(`no context "there".*${other}.*here`),
    ],
    ['plain http', aKubeconfig({ cluster: { server: 'http://api.test' } }), /is not https/],
    ['no URL', aKubeconfig({ cluster: { server: 'api.test' } }), /is no URL/],
    [
      'a proxy',
      aKubeconfig({ cluster: { 'proxy-url': 'http://proxy' } }),
      /proxy-url, which is not supported/,
    ],
    [
      'a CA file that is not there',
      aKubeconfig({ cluster: { 'certificate-authority': 'gone' } }),
      /cannot read the credentials.*gone/,
    ],
  ])('is told about when it has %s', async (_what, text, message) => {
    const kubeconfigPath = write('config', text);
    await expect(load({ kubeconfigPath })).rejects.toThrow(message);
  });

  it('is told about when the context names a user that is not there', async () => {
    const text = aKubeconfig().replace('"users":[{"name":"u"', '"users":[{"name":"v"');
    const kubeconfigPath = write('config', text);
    await expect(load({ kubeconfigPath })).rejects.toThrow(/context "here".*user "u".*not there/);
  });
});
