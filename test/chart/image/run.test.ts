import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { uriOf } from '../../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../../src/cli/workload.ts';
import { requestCertificate } from '../../../src/server/certificate-client.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';
import { httpbinFoo, protoDirectory, RunningMesh } from '../../support/running-mesh.ts';
import { repository } from '../support/built-image.ts';
import { lineOf, runInImage, startInImage } from '../support/image-process.ts';
import { configOf, nativeArchitecture } from '../support/unpacked-image.ts';

// What the machine can run is run; of the other architecture files.test.ts looks at each file.
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  version: string;
};
const asContainer = (): readonly string[] => {
  const { Entrypoint, Cmd } = configOf(nativeArchitecture).config;
  return [...Entrypoint, ...Cmd];
};
const node = (script: string): readonly string[] => ['node', '--print', script];
// Who is not root can enter a namespace only as its root.
const expectedUser = process.getuid?.() === 0 ? '65532:65532 nonroot' : '0:0 root';

describe('a container of the image', () => {
  it('starts as its entry point says', async () => {
    const { Entrypoint } = configOf(nativeArchitecture).config;
    await expect(runInImage([...Entrypoint, '--version'])).resolves.toEqual({
      ...{ status: 0, out: `${version}\n`, err: '' },
    });
  });

  it('explains itself', async () => {
    const { status, out } = await runInImage([...asContainer(), '--help']);
    expect(out).toContain('Examples:');
    expect(status).toBe(0);
  });

  it('says what is missing', async () => {
    const { status, err } = await runInImage(asContainer());
    expect(err).toContain('CERT_SIGNER_DOMAIN: set it, or K8S_SIGNER');
    expect(status).toBe(2);
  });

  it('runs as its user', async () => {
    const script = '`${process.getuid()}:${process.getgid()} ${os.userInfo().username}`';
    const { out } = await runInImage(node(script));
    expect(out).toBe(`${expectedUser}\n`);
  });

  it('cannot write to its files, not even to /tmp', async () => {
    for (const folder of ['/app/dist', '/tmp', '/home/nonroot']) {
      const { status, err } = await runInImage(node(`fs.writeFileSync('${folder}/x', '')`));
      expect(err).toMatch(/EROFS|EACCES/);
      expect(status).toBe(1);
    }
  });

  it('knows the roots of public CAs', async () => {
    const { out } = await runInImage(node("tls.getCACertificates('system').length"));
    expect(Number(out)).toBeGreaterThan(100);
  });

  it('knows time zones', async () => {
    const options = { env: { TZ: 'Asia/Tokyo' } };
    const { out } = await runInImage(node('new Date(0).getHours()'), options);
    expect(out).toBe('9\n');
  });
});

describe('istio-ra on the PATH of the image', () => {
  it('runs without a shell', async () => {
    await expect(runInImage(['istio-ra', '--version'])).resolves.toEqual({
      ...{ status: 0, out: `${version}\n`, err: '' },
    });
  });

  it('passes its arguments on and ends with the status of the command', async () => {
    const { status, err } = await runInImage(['istio-ra', 'not a command', '--quiet']);
    expect(err).toContain("unknown command 'not a command'");
    expect(status).toBe(2);
  });

  it('has no prototype that a document could set', async () => {
    const [, flag] = readFileSync(join(repository, 'scripts/image/istio-ra'), 'utf8')
      .split('\n', 1)
      .flatMap((line) => line.split(' '));
    expect(configOf(nativeArchitecture).config.Entrypoint).toContain(flag);
    const { out } = await runInImage(['node', flag ?? '', '--print', '({}).__proto__']);
    expect(out).toBe('undefined\n');
  });
});

describe('a mesh with the image as its authority', () => {
  it('gets certificates, and answers of `istio-ra check`', async () => {
    const mesh = await RunningMesh.start();
    await mustRun('chmod', ['-R', 'a+rX', mesh.directory]);
    const addresses = ['secureGRPCAddr', 'httpAddr', 'monitoringAddr', 'debugAddr'];
    const settings = [
      '--kubeconfig=/tmp/kubeconfig',
      '--meshConfig=/tmp/mesh.yaml',
      '--tlsCertFile=/tmp/tls.crt',
      '--tlsKeyFile=/tmp/tls.key',
    ];
    const options = {
      data: mesh.directory,
      env: { CERT_SIGNER_DOMAIN: 'clusterissuers.cert-manager.io', POD_NAME: 'of-the-image' },
    };
    const flags = [...addresses.map((flag) => `--${flag}=127.0.0.1:0`), ...settings];
    const program = startInImage([...asContainer(), ...flags], options);
    try {
      const { grpc, http } = await lineOf(program, 'serving');
      await awaitReady(String(http));
      const { csrPem } = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
      const chain = await requestCertificate({
        ...{ csrPem, certSigner: 'foo', validitySeconds: 3600, deadlineMs: 15_000 },
        ...{ token: mesh.tokenOf(httpbinFoo), protoDirectory },
        address: String(grpc),
        rootPem: readFileSync(join(mesh.directory, 'root.pem'), 'utf8'),
        serverName: 'istiod.istio-system.svc',
      });
      expect(chain.at(-1)).toContain(mesh.rootOf('foo').trim());
      const { out } = await runInImage(['istio-ra', 'check', ...settings], options);
      expect(out).toContain('api-reachable: the API server answers');
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
