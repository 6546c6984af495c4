import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/base/clock.ts';
import { httpsGet } from '../../../src/base/https-get.ts';
import { exportPrivateKeyPem, generateKeyPair } from '../../../src/pki/key-pair.ts';
import { kubeconfigYaml } from '../../../src/sandbox/kubeconfig-yaml.ts';
import { registrationAuthorityAccount } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { PassThrough } from '../../../src/server/pass-through/pass-through.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { RunningMesh } from '../../support/running-mesh.ts';
import { TestAuthority } from '../../support/test-authority.ts';
import { UpstreamStandIn } from '../../support/upstream-stand-in.ts';
import { goodCall, startServer, stopServers } from '../../unit/server/support/server-fixture.ts';
import { serverName } from '../../unit/server/support/tls-fixture.ts';

// One kind: Node's TLS is not Go's. To kubectl and every Go client each certificate of a bundle is an
// anchor; OpenSSL by default wants the chain to end at a self-signed one. The CA of a cluster may be
// an intermediate (Rancher, OpenShift, kubeadm with an external CA), and ca.crt then holds it alone.

let root: TestAuthority;
let intermediate: TestAuthority;
let identity: { readonly certificateChainPem: string; readonly privateKeyPem: string };
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  const now = systemClock.now();
  root = await TestAuthority.make('a root that nobody has', now);
  intermediate = await TestAuthority.make('the CA of the cluster', now, { issuer: root });
  const keyPair = await generateKeyPair('ecdsa-p256');
  const leaf = await intermediate.sign({
    ...{ subject: {}, spkiDer: keyPair.spkiDer, notBefore: now - 60_000, isCa: false },
    ...{ notAfter: now + 3_600_000, keyUsages: ['digitalSignature'], uris: [] },
    ...{ extendedKeyUsages: ['serverAuth'], dnsNames: [serverName], ipAddresses: ['127.0.0.1'] },
  });
  identity = {
    certificateChainPem: `${leaf}${intermediate.certificatePem}`,
    privateKeyPem: await exportPrivateKeyPem(keyPair),
  };
});

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await stopServers();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Ends TLS with a certificate of the intermediate before the sandbox's API. */
async function frontOf(sandbox: () => Sandbox | undefined): Promise<number> {
  const { certificateChainPem: cert, privateKeyPem: key } = identity;
  const front = createTlsServer({ cert, key }, (client) => {
    const { url, caPem: ca } = sandbox() ?? { url: 'https://127.0.0.1:9', caPem: '' };
    const api = connectTls({ ca, host: '127.0.0.1', port: Number(new URL(url).port) });
    for (const socket of [client, api]) socket.on('error', () => undefined);
    client.on('close', () => api.destroy()).pipe(api);
    api.on('close', () => client.destroy()).pipe(client);
  });
  return listen(front);
}

describe('an intermediate as the only certificate to trust', () => {
  // Case 01.
  it.failing('of the API server is enough to become ready and to serve', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'istio-ra-anchor-'));
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const kubeconfig = join(directory, 'kubeconfig');
    let sandbox: Sandbox | undefined;
    const port = await frontOf(() => sandbox);
    await using mesh = await RunningMesh.start({
      flags: { kubeconfig },
      readyWithinMs: 3_000,
      seed: (started) => {
        sandbox = started;
        const token = started.token({ ...registrationAuthorityAccount, expirationSeconds: 3_600 });
        const text = kubeconfigYaml({
          ...{ url: `https://127.0.0.1:${port}`, caPem: intermediate.certificatePem, user: 'ra' },
          credentials: { kind: 'token', token },
        });
        writeFileSync(kubeconfig, text);
      },
    });

    await expect(mesh.statusOf()).resolves.toBe('OK');
  });

  it.failing('of istio-ra is enough for a client of ours', async () => {
    const fixture = await startServer({ withoutCertificate: true });
    fixture.credentials.rotate(identity);
    const rootPem = intermediate.certificatePem;

    const call = fixture.client({ rootPem }).request({ ...goodCall, deadlineMs: 2_000 });
    await expect(call).resolves.toBeDefined();
  });

  it.failing('of istiod is enough for what is passed to it', async () => {
    const istiod = await UpstreamStandIn.start({ identity });
    stops.push(() => istiod.kill());
    const rootsPem = (): string => intermediate.certificatePem;
    const passThrough = new PassThrough({
      upstream: { host: '127.0.0.1', port: istiod.port, serverName, rootsPem },
      ...{ clock: systemClock, random: () => 0.5, log: new RecordingLogger() },
    });
    stops.push(() => passThrough.stop(0));

    await expect(passThrough.reach()).resolves.toBeUndefined();
  });

  it.failing('of an OIDC issuer is enough for its keys', async () => {
    const { certificateChainPem: cert, privateKeyPem: key } = identity;
    const server = createHttpsServer({ cert, key }, (_request, response) => {
      response.end('{"keys":[]}');
    });
    const port = await listen(server);
    const caPem = intermediate.certificatePem;
    const { signal } = new AbortController();

    const keys = httpsGet(new URL(`https://127.0.0.1:${port}/keys`), {
      ...{ signal, maxBytes: 100, caPem },
    });
    await expect(keys).resolves.toBe('{"keys":[]}');
  });

  it('is not needed where the root is there', async () => {
    const fixture = await startServer({ withoutCertificate: true });
    fixture.credentials.rotate(identity);

    const { certificatePem: rootPem } = root;

    await expect(fixture.client({ rootPem }).request(goodCall)).resolves.toBeDefined();
  });
});
