import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ranCommand } from '../support/ran-command.ts';
import type { RanCommand, RanOptions } from '../support/ran-command.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

let mesh: RunningMesh;

function request(words: readonly string[], options?: RanOptions): Promise<RanCommand> {
  const server = ['--address', mesh.app.grpcAddress, '--root', join(mesh.directory, 'root.pem')];
  const token = ['--token', join(mesh.directory, 'token')];
  const name = ['--server-name', 'istiod.istio-system.svc', '--key', 'ecdsa-p256'];
  return ranCommand(['request', ...server, ...token, ...name, ...words], options);
}

function explain(words: readonly string[], options?: RanOptions): Promise<RanCommand> {
  const workload = ['-n', 'foo', '-s', 'httpbin', '--address', mesh.app.debugAddress];
  return ranCommand(['explain', ...workload, ...words], options);
}

function verify(...words: readonly string[]): Promise<RanCommand> {
  return ranCommand(['audit', 'verify', join(mesh.directory, 'audit.jsonl'), ...words]);
}

function widest(text: string): number {
  return Math.max(...text.split('\n').map(({ length }) => length));
}

beforeAll(async () => {
  mesh = await RunningMesh.start();
  await writeFile(join(mesh.directory, 'token'), mesh.tokenOf(httpbinFoo));
  await mesh.request();
  await eventually(() => mesh.requestObjects().length === 0);
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('-o json', () => {
  it.each([
    ['request', () => request(['-o', 'json'])],
    ['explain', () => explain(['-o', 'json'])],
    ['audit verify', () => verify('-o', 'json')],
    ['version', () => ranCommand(['version', '-o', 'json'])],
  ])('makes %s print one document and nothing else', async (_command, ran) => {
    const { out, err } = await ran();
    expect([typeof JSON.parse(out), err]).toEqual(['object', '']);
  });
});

describe('without being told, as in the pod', () => {
  it('explain asks the debug port that the settings file of serve has', async () => {
    const file = join(mesh.directory, 'debug.yaml');
    await writeFile(file, `debugAddr: ${mesh.app.debugAddress}\n`);
    const { status, out } = await ranCommand(['explain', '-n', 'foo', '-s', 'httpbin'], {
      env: { ISTIO_RA_CONFIG: file },
    });
    expect([status, out]).toEqual([0, expect.stringContaining('GRANTED')]);
  });

  it.each([
    ['the variable AUDIT_LOG has', (trail: string) => ({ AUDIT_LOG: trail })],
    ['the settings file of serve has', () => ({ ISTIO_RA_CONFIG: join(mesh.directory, 'a.yaml') })],
  ])('audit verify reads the trail that %s', async (_where, envFor) => {
    const trail = join(mesh.directory, 'audit.jsonl');
    await writeFile(join(mesh.directory, 'a.yaml'), `AUDIT_LOG: ${trail}\n`);
    const { status, out } = await ranCommand(['audit', 'verify'], { env: envFor(trail) });
    expect([status, out]).toEqual([0, expect.stringContaining('lines: intact, complete')]);
  });

  it('audit verify says so where audit lines go to no file', async () => {
    const { status, err } = await ranCommand(['audit', 'verify'], { env: { AUDIT_LOG: 'stdout' } });
    expect([status, err]).toEqual([
      2,
      expect.stringContaining('istio-ra: name the audit file: AUDIT_LOG names none here'),
    ]);
  });
});

describe('--quiet', () => {
  it.each([
    ['request', () => request(['-q'])],
    ['audit verify', () => verify('-q')],
  ])('leaves nothing to say for a %s that went well', async (_command, ran) => {
    await expect(ran()).resolves.toEqual({ status: 0, out: '', err: '' });
  });

  it('leaves explain its verdict', async () => {
    const { out } = await explain(['-q']);
    expect(out).toMatch(/^GRANTED .*\/foo, by .*\n$/);
  });

  it('takes neither errors nor their exit status away', async () => {
    const { status, out, err } = await request(['-q', '--signer', 'bar']);
    expect([status, out, err.split('\n')[0]]).toEqual([
      4,
      '',
      expect.stringMatching(/^istio-ra: PERMISSION_DENIED: /),
    ]);
  });
});

describe('a table', () => {
  it('keeps to the width of the terminal', async () => {
    const { out } = await request([], { columns: 60, env: { NO_COLOR: '1' } });
    expect(widest(out)).toBeLessThanOrEqual(60);
  });

  it('is whole in a pipe', async () => {
    const { out } = await request([]);
    expect(out).toContain('spiffe://cluster.local/ns/foo/sa/httpbin  ');
  });

  it('keeps to the width of the terminal in --help too', async () => {
    const { out } = await ranCommand(['serve', '--help'], { columns: 100 });
    const table = out.slice(out.indexOf('Environment:'), out.indexOf('Examples:'));
    expect(widest(table)).toBeLessThanOrEqual(100);
  });
});

describe('colours', () => {
  it('are there on a terminal', async () => {
    const { out } = await explain([], { columns: 80 });
    expect(out).toContain('\u001b[32mGRANTED');
  });

  it.each([
    ['in a pipe', {}],
    ['where NO_COLOR is set', { columns: 80, env: { NO_COLOR: '1' } }],
  ])('are not there %s', async (_where, options) => {
    const { out } = await explain([], options);
    expect(out).not.toContain('\u001b');
  });
});

describe('wrong usage', () => {
  it.each([
    ['audit verify', ['audit', 'verify']],
    ['audit', ['audit', 'nonsense']],
    ['request', ['request']],
    ['explain', ['explain', '-o', 'yaml', '-n', 'foo', '-s', 'httpbin']],
  ])('of %s ends with 2 and names the help that says more', async (command, words) => {
    const { status, err } = await ranCommand(words);
    expect([status, err]).toEqual([2, expect.stringContaining(`"istio-ra ${command} --help"`)]);
  });
});

describe('an error', () => {
  it.each([
    ['an address that is none', ['--address', 'a b'], 2, 'write it like 127.0.0.1:9876'],
    ['a validity that is no number', ['--ttl', '1h'], 2, 'such as 86400'],
    ['a debug port that is not there', ['--address', '127.0.0.1:1'], 6, 'kubectl port-forward'],
  ])('of explain with %s says what to do', async (_what, words, code, told) => {
    const { status, err } = await ranCommand(['explain', '-n', 'foo', '-s', 'x', ...words]);
    expect([status, err]).toEqual([code, expect.stringContaining(told)]);
  });

  it('of explain names the settings file that cannot be read for the address', async () => {
    const env = { ISTIO_RA_CONFIG: '/nowhere/settings.yaml' };
    const { status, err } = await ranCommand(['explain', '-n', 'foo', '-s', 'x'], { env });
    expect([status, err]).toEqual([2, expect.stringContaining('that ISTIO_RA_CONFIG names')]);
  });

  it('of explain tells another server from istio-ra', async () => {
    const { status, err } = await explain(['--address', mesh.app.httpAddress]);
    expect([status, err]).toEqual([6, expect.stringContaining('is not the debug port')]);
  });

  it.each([
    ['an address that is none', ['--address', 'nonsense'], 2, 'write it like 127.0.0.1:15012'],
    ['roots that are none', ['--root', 'package.json'], 2, 'name a PEM file with --root'],
    ['a token that is not there', ['--token', '/nowhere'], 2, 'kubectl create token'],
    ['a token that says nothing', ['--token', 'package.json'], 2, '--identity'],
    ['a share that is none', ['--grace-period-ratio', '50%'], 2, 'such as 0.5'],
    ['a server that is not there', ['--address', '127.0.0.1:1'], 6, 'nothing listens on'],
    ['another name', ['--server-name', 'istiod.example'], 6, '--server-name'],
    ['another signer', ['--signer', 'bar'], 4, 'istio-ra explain -n foo -s httpbin --signer bar'],
  ])('of request with %s says what to do', async (_what, words, code, told) => {
    const { status, err } = await request(words);
    expect([status, err]).toEqual([code, expect.stringContaining(told)]);
  });

  it.each([
    ['no file', '/nowhere', 2],
    ['a folder', '/', 2],
    ['a file of something else', 'package.json', 1],
  ])('of audit verify with %s says which file it wants', async (_what, file, code) => {
    const { status, err } = await ranCommand(['audit', 'verify', file]);
    expect([status, err]).toEqual([code, expect.stringContaining('AUDIT_LOG')]);
  });
});
