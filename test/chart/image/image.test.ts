import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uriOf } from '../../../src/cli/sandbox-world.ts';
import { makeKeyAndRequest } from '../../../src/cli/workload.ts';
import { requestCertificate } from '../../../src/server/certificate-client.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';
import { httpbinFoo, protoDirectory, RunningMesh } from '../../support/running-mesh.ts';

const repository = join(import.meta.dirname, '../../..');

interface Image {
  readonly target: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly uid: number;
  readonly gid: number;
}

let folder: string;
let image: Image;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'istio-ra-image-'));
  chmodSync(folder, 0o755);
  await mustRun(process.execPath, [join(repository, 'scripts/build.js')]);
  const assemble = [join(repository, 'scripts/image-rootfs.js'), join(folder, 'rootfs')];
  image = JSON.parse(await mustRun(process.execPath, assemble)) as Image;
  await mustRun('chmod', ['-R', 'a-w,a+rX', image.target]);
}, 60_000);

afterAll(async () => {
  await mustRun('chmod', ['-R', 'u+w', folder]);
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the image's program in its own files, with nothing of our environment, as its user where we may. */
function start(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  const placed = image.entrypoint.map((word) =>
    word.startsWith('/') ? join(image.target, word) : word,
  );
  const [node = '', ...flags] = placed;
  const user = process.getuid?.() === 0 ? { uid: image.uid, gid: image.gid } : {};
  return spawn(node, [...flags, ...words], { cwd: image.target, env, stdio: 'pipe', ...user });
}

interface Ran {
  readonly status: unknown;
  readonly out: string;
  readonly err: string;
}

async function run(...words: readonly string[]): Promise<Ran> {
  const program = start(words);
  const [out, err, [status]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, 'close') as Promise<unknown[]>,
  ]);
  return { status, out, err };
}

/** The fields of the log's line that has a message. Rejects with all that was said where there is none. */
function lineOf(
  program: ChildProcessWithoutNullStreams,
  message: string,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const line = said.split('\n').find((candidate) => candidate.includes(`"${message}"`));
      if (line?.endsWith('}')) resolve(JSON.parse(line) as Record<string, unknown>);
    };
    program.stdout.on('data', hear);
    program.stderr.on('data', hear);
    program.once('close', () => reject(new Error(said)));
  });
}

describe('the files of the image', () => {
  it('are the bundle, the page, the proto files, the licence and Node', () => {
    expect(readdirSync(image.target).sort()).toEqual(['app', 'nodejs']);
    expect(readdirSync(join(image.target, 'app')).sort()).toEqual([
      ...['LICENSE', 'dist', 'page', 'proto'],
    ]);
    expect(readdirSync(join(image.target, 'nodejs/bin'))).toEqual(['node']);
  });

  it('tell their version without an environment', async () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    await expect(run('--version')).resolves.toEqual({ status: 0, out: `${version}\n`, err: '' });
  });

  it('explain themselves', async () => {
    const { status, out } = await run(...image.command, '--help');
    expect(out).toContain('Examples:');
    expect(status).toBe(0);
  });

  it('say what is missing', async () => {
    const { status, err } = await run(...image.command);
    expect(err).toContain('CERT_SIGNER_DOMAIN: set it, or K8S_SIGNER');
    expect(status).toBe(2);
  });

  it('cannot be written to by their user', async () => {
    const target = JSON.stringify(join(image.target, 'app/dist/left-behind'));
    const user = process.getuid?.() === 0 ? { uid: image.uid, gid: image.gid } : {};
    const script = `require('node:fs').writeFileSync(${target}, '')`;
    const node = join(image.target, image.entrypoint[0] ?? '');
    const writer = spawn(node, ['-e', script], { env: {}, ...user });
    await expect(once(writer, 'close')).resolves.toEqual([1, null]);
  });

  it('serve a certificate', async () => {
    const mesh = await RunningMesh.start();
    await mustRun('chmod', ['-R', 'a+rX', mesh.directory]);
    const file = (name: string): string => join(mesh.directory, name);
    const addresses = ['secureGRPCAddr', 'httpAddr', 'monitoringAddr', 'debugAddr'];
    const program = start(
      [
        ...image.command,
        ...addresses.map((flag) => `--${flag}=127.0.0.1:0`),
        `--kubeconfig=${file('kubeconfig')}`,
        `--meshConfig=${file('mesh.yaml')}`,
        `--tlsCertFile=${file('tls.crt')}`,
        `--tlsKeyFile=${file('tls.key')}`,
      ],
      { CERT_SIGNER_DOMAIN: 'clusterissuers.cert-manager.io', POD_NAME: 'of-the-image' },
    );
    try {
      const { grpc, http } = await lineOf(program, 'serving');
      await awaitReady(String(http));
      const { csrPem } = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
      const chain = await requestCertificate({
        ...{ csrPem, certSigner: 'foo', validitySeconds: 3600, deadlineMs: 15_000 },
        ...{ token: mesh.tokenOf(httpbinFoo), protoDirectory },
        address: String(grpc),
        rootPem: readFileSync(file('root.pem'), 'utf8'),
        serverName: 'istiod.istio-system.svc',
      });
      expect(chain.at(-1)).toContain(mesh.rootOf('foo').trim());
      program.kill('SIGTERM');
      await expect(once(program, 'close')).resolves.toEqual([0, null]);
    } finally {
      program.kill('SIGKILL');
      await mesh[Symbol.asyncDispose]();
    }
  });
});

async function awaitReady(address: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await fetch(`http://${address}/ready`)).ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the program of the image did not become ready');
}
