import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServingCertificateIssuer } from '../../src/serving/serving-certificate-issuer.ts';
import { openServingCertificateSource } from '../../src/serving/server-credentials.ts';
import { ServingCertificateFromSigner } from '../../src/serving/serving-certificate-from-signer.ts';
import type { ServingCertificateSource } from '../../src/serving/serving-certificate-source.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { connectKubernetes } from '../../src/kube/client-node/connect-kubernetes.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import { loadClusterAccess } from '../../src/kube/client-node/kubeconfig.ts';
import { loadMeshSnapshot } from '../../src/mesh/mesh-snapshot.ts';
import type { MeshSource } from '../../src/mesh/mesh-snapshot.ts';
import { ChainVerifier } from '../../src/pki/chain.ts';
import { registrationAuthorityAccount, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { eventually } from '../support/running-mesh.ts';
import { meshWithRoots } from '../support/serving-pairs.ts';
import { goodCall, startServer, stopServers } from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import { serverName } from '../unit/server/support/tls-fixture.ts';

const signerName = 'clusterissuers.cert-manager.io/foo';
const dnsNames = [serverName];
const ttlSeconds = 30 * 86_400;

/** Fifty times as fast, so that nobody waits out the pauses of a renewal. */
const hastyClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 50,
  timer: (ms, callback) => systemClock.timer(ms / 50, callback),
};

let folder: string;
let sandbox: Sandbox;
let kubernetes: KubernetesApi;
let rootPem: string;
let mesh: MeshSource;
let server: ServerFixture;
let log: RecordingLogger;
let source: ServingCertificateSource | undefined;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'serving-certificate-'));
  sandbox = await startSandbox({ clock: systemClock, log: silentLogger });
  const kubeconfigPath = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfigPath, sandbox.kubeconfig(registrationAuthorityAccount));
  const access = await loadClusterAccess({
    ...{ kubeconfigPath, clock: systemClock, log: silentLogger },
  });
  kubernetes = connectKubernetes({ access, clock: systemClock, userAgent: 'istio-ra/test' });
  rootPem = sandbox.signers.find((signer) => signer.signerName === signerName)?.rootPem ?? '';
  const snapshot = loadMeshSnapshot(meshWithRoots(signerName, [rootPem]), 1);
  mesh = { current: () => snapshot };
});
afterAll(async () => {
  await stopServers();
  await kubernetes.close();
  await sandbox.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  log = new RecordingLogger();
  server = await startServer();
});
afterEach(async () => {
  sandbox.faults.clear();
  await source?.stop();
  source = undefined;
  await server.stop();
});

/** The source as the settings give it, with the server changing over to what it brings. */
async function open(): Promise<ServingCertificateSource> {
  const requests = kubernetes.signingRequests;
  source = await openServingCertificateSource(
    { kind: 'signer', signerName, dnsNames, ttlSeconds },
    { requests, mesh, approval: 'self', clock: hastyClock, random: Math.random, log },
  );
  source.onChange((certificate) => {
    server.credentials.rotate(certificate);
  });
  return source;
}

/** The same, with certificates that are due for renewal after a tenth of a second. */
function openShortLived(): ServingCertificateSource {
  const real = new ServingCertificateIssuer({
    ...{ requests: kubernetes.signingRequests, mesh, verifier: new ChainVerifier(), signerName },
    ...{ ttlSeconds, approval: 'self', clock: hastyClock, log },
  });
  const issuer = {
    hasRoot: (sha256: string) => real.hasRoot(sha256),
    issue: async (names: readonly string[], signal: AbortSignal) => {
      const issued = await real.issue(names, signal);
      return { ...issued, dueAt: systemClock.now() + 100 };
    },
  };
  const signed = new ServingCertificateFromSigner({
    ...{ issuer, dnsNames, clock: hastyClock, random: Math.random, log },
  });
  signed.onChange((certificate) => {
    server.credentials.rotate(certificate);
  });
  signed.start();
  source = signed;
  return signed;
}

const isReady = (opened: ServingCertificateSource) => () => opened.notReadyBecause() === undefined;

/** One call over a connection of its own, by a client that trusts the signer's root alone. */
async function callOnce(): Promise<void> {
  const client = server.client({ rootPem });
  try {
    await client.request(goodCall);
  } finally {
    client.close();
  }
}

describe('the serving certificate from a signer of the cluster', () => {
  it('is trusted by whoever trusts the signer, through its intermediate', async () => {
    const opened = await open();
    await eventually(isReady(opened));

    await callOnce();
    expect(opened.current()?.dnsNames).toEqual(dnsNames);
    expect(sandbox.objects.list('certificatesigningrequests')).toEqual([]);
  });

  it('is renewed under calls without one that fails, on new connections and on old', async () => {
    const opened = openShortLived();
    await eventually(isReady(opened));
    const serials = new Set<string | undefined>();
    const steady = server.client({ rootPem });
    let calls = 0;
    while (serials.size < 4 || calls < 60) {
      serials.add(opened.current()?.serialNumber);
      await Promise.all([callOnce(), callOnce(), steady.request(goodCall)]);
      calls += 3;
    }

    expect(serials.size).toBeGreaterThanOrEqual(4);
    expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('comes when the signer, down at the start, is there', async () => {
    const down = sandbox.faults.signer.set({ kind: 'fail', message: 'down' }, { signerName });
    const opened = await open();
    await eventually(() => down.strikes > 1);
    expect(opened.notReadyBecause()).toContain('failed the serving certificate: down');
    await expect(callOnce()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    down.clear();
    await eventually(isReady(opened));

    await callOnce();
  });

  it('comes when the API server, down at the start, is there', async () => {
    const resource = 'certificatesigningrequests';
    const down = sandbox.faults.api.set({ kind: 'lost', when: 'before' }, { resource });
    const opened = await open();
    await eventually(() => down.strikes > 1);
    expect(opened.current()).toBeUndefined();
    down.clear();
    await eventually(isReady(opened));

    await callOnce();
  });

  it('goes on being served while the signer is down at its renewal', async () => {
    const opened = openShortLived();
    await eventually(isReady(opened));
    sandbox.faults.signer.set({ kind: 'fail' }, { signerName });
    const warning = 'serving certificate not renewed, the old one stays';
    await eventually(() => log.lines.filter(({ message }) => message === warning).length > 2);

    expect(opened.notReadyBecause()).toBeUndefined();
    await callOnce();
  });

  it.each([
    ['wrong-root', 'no configured root'],
    ['wrong-key', 'of the key that it was asked for'],
    ['ca-true', 'may sign others'],
    ['no-eku', 'is not for servers'],
    ['expired', 'has expired'],
    ['garbage-pem', 'is refused'],
  ] as const)('that is bad (%s) is not served', async (kind, problem) => {
    const bad = sandbox.faults.signer.set({ kind }, { signerName });
    const opened = await open();
    await eventually(() => bad.strikes > 0 && log.lines.some(({ level }) => level === 'warn'));

    expect(opened.current()).toBeUndefined();
    expect(opened.notReadyBecause()).toContain(problem);
  });

  it('does not leave its key to anybody: each has another', async () => {
    const opened = openShortLived();
    const keys = new Set<string>();
    opened.onChange(({ certificateChainPem }) => {
      const { publicKey } = new X509Certificate(certificateChainPem);
      keys.add(publicKey.export({ type: 'spki', format: 'der' }).toString('hex'));
    });
    await eventually(() => keys.size >= 3);

    expect(JSON.stringify(log.lines)).not.toContain('PRIVATE');
  });
});

describe('a server without a certificate', () => {
  it('refuses every handshake until it gets one', async () => {
    const bare = await startServer({ withoutCertificate: true });
    const call = (): Promise<unknown> => bare.client().request(goodCall);
    await expect(call()).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    bare.credentials.rotate(await bare.authority.issue({ dnsNames: [serverName] }));

    await expect(call()).resolves.toBeDefined();
  });
});
