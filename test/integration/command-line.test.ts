import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { uriOf } from '../../src/cli/sandbox-fixtures.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const root = join(import.meta.dirname, '../..');

let mesh: RunningMesh;
let token: string;

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function run(...words: readonly string[]): Promise<Ran> {
  const written = { out: '', err: '' };
  const status = await runCommandLine({
    arguments: words,
    env: {},
    root,
    out: { write: (text) => (written.out += text) },
    err: { write: (text) => (written.err += text) },
  });
  return { status, ...written };
}

function request(...words: readonly string[]): Promise<Ran> {
  const server = ['--address', mesh.app.grpcAddress, '--root', join(mesh.directory, 'root.pem')];
  const name = ['--server-name', 'istiod.istio-system.svc', '--key', 'ecdsa-p256'];
  return run('request', ...server, ...name, '--token', token, ...words);
}

beforeAll(async () => {
  mesh = await RunningMesh.start();
  token = join(mesh.directory, 'token');
  await writeFile(token, mesh.tokenOf(httpbinFoo));
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('istio-ra', () => {
  it('tells its version, which is the package’s', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    await expect(run('--version')).resolves.toMatchObject({ status: 0, out: `${version}\n` });
  });

  it.each(['serve', 'sandbox', 'request'])('explains %s with examples', async (command) => {
    const { status, out } = await run(command, '--help');
    expect(status).toBe(0);
    expect(out).toContain('Examples:');
  });

  it.each([
    ['an unknown command', ['nonsense'], "unknown command 'nonsense'"],
    ['an unknown flag', ['serve', '--nonsense'], "unknown option '--nonsense'"],
    ['no way to name a signer', ['serve'], 'CERT_SIGNER_DOMAIN: set it, or K8S_SIGNER'],
    [
      'a root that cannot be read',
      ['request', '--root', '/nowhere', '--identity', 'spiffe://a/ns/b/sa/c'],
      'cannot read the roots',
    ],
  ])('says what is wrong with %s and ends with 2', async (_what, words, told) => {
    const { status, err } = await run(...words);
    expect(err).toContain(told);
    expect(status).toBe(2);
  });
});

describe('istio-ra request', () => {
  it('shows the chain as a table', async () => {
    const { status, out } = await request('--signer', 'foo');
    expect(status).toBe(0);
    expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual([
      '',
      'leaf',
      'intermediate',
      'root',
      '',
    ]);
    expect(out).toContain(uriOf(httpbinFoo));
  });

  it('shows it as JSON without the key', async () => {
    const { out } = await request('-o', 'json');
    expect(JSON.parse(out)).toMatchObject({
      certificates: [{ role: 'leaf' }, {}, { role: 'root' }],
    });
    expect(out).not.toContain('PRIVATE KEY');
  });

  it('leaves a workload what it needs in a folder', async () => {
    const folder = join(mesh.directory, 'certificate');
    await expect(request('-o', 'dir', '--out', folder)).resolves.toMatchObject({ status: 0 });
    await expect(readFile(join(folder, 'key.pem'), 'utf8')).resolves.toContain('PRIVATE KEY');
    await expect(readFile(join(folder, 'root-cert.pem'), 'utf8')).resolves.toBe(mesh.rootOf('foo'));
  });

  it.each([
    ['another signer', ['--signer', 'bar'], 4, 'PERMISSION_DENIED'],
    [
      'another identity',
      ['--identity', 'spiffe://cluster.local/ns/bar/sa/x'],
      5,
      'INVALID_ARGUMENT',
    ],
    ['too short a validity', ['--ttl', '60s'], 5, 'INVALID_ARGUMENT'],
    ['another cluster', ['--cluster-id', 'other'], 3, 'UNAUTHENTICATED'],
    [
      'a server that is not there',
      ['--address', '127.0.0.1:1', '--timeout', '2s'],
      6,
      'UNAVAILABLE',
    ],
  ])('ends for %s with a status of its own', async (_what, words, status, told) => {
    const ran = await request(...words);
    expect(ran.err).toContain(told);
    expect(ran.status).toBe(status);
  });
});

describe('istio-ra audit verify', () => {
  it('finds the trail of a run intact and complete', async () => {
    const trail = join(mesh.directory, 'audit.jsonl');
    await eventually(() => mesh.requestObjects().length === 0);
    const { status, out } = await run('audit', 'verify', trail);
    expect(out).toMatch(/lines: intact, complete\n$/);
    expect(status).toBe(0);
  });

  it('finds a line that was changed, and ends with 1', async () => {
    const text = await readFile(join(mesh.directory, 'audit.jsonl'), 'utf8');
    const forged = join(mesh.directory, 'forged.jsonl');
    await writeFile(forged, text.replace('SIGNER_REFUSED', 'SIGNER_GRANTED'));
    const { status, out } = await run('audit', 'verify', forged);
    expect(out).toContain('altered');
    expect(status).toBe(1);
  });

  it('says so when there is no such file', async () => {
    const { status, err } = await run('audit', 'verify', join(mesh.directory, 'none'));
    expect(err).toContain('cannot read');
    expect(status).toBe(2);
  });
});
