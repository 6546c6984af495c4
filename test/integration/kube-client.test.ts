import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import type { Clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { isAlreadyExists, isConflict, isForbidden } from '../../src/kube/api-error.ts';
import { connectKubernetes } from '../../src/kube/client-node/connect-kubernetes.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import { loadClusterAccess } from '../../src/kube/client-node/kubeconfig.ts';
import type { SigningRequest, SigningRequestDraft } from '../../src/kube/signing-requests.ts';
import { SupervisedWatch } from '../../src/kube/supervised-watch.ts';
import { buildCertificateRequest } from '../../src/pki/certificate-request-builder.ts';
import { generateKeyPair } from '../../src/pki/key-pair.ts';
import { registrationAuthorityAccount, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

const signerName = 'clusterissuers.cert-manager.io/foo';
const selector = 'kube-client-test=true';
const approval = { reason: 'Test', message: 'approved by a test' };

/** Ten times as fast, so that nobody waits out the pauses of the watch. */
const hastyClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 10,
  timer: (ms, callback) => systemClock.timer(ms / 10, callback),
};

let folder: string;
let sandbox: Sandbox;
let kubernetes: KubernetesApi;
let requestPem: string;
let deadline: AbortSignal;
let made = 0;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kube-client-'));
  sandbox = await startSandbox({ clock: systemClock, log: silentLogger, bookmarkIntervalMs: 50 });
  kubernetes = await connect();
  const uri = 'spiffe://cluster.local/ns/foo/sa/httpbin';
  requestPem = await buildCertificateRequest({
    keyPair: await generateKeyPair('ecdsa-p256'),
    subject: 'empty',
    uris: [uri],
  });
});

afterAll(async () => {
  await kubernetes.close();
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  deadline = AbortSignal.timeout(10_000);
});

afterEach(() => {
  sandbox.faults.clear();
});

async function connect(options: { readonly http2?: boolean } = {}): Promise<KubernetesApi> {
  const kubeconfigPath = path.join(folder, 'kubeconfig');
  writeFileSync(kubeconfigPath, sandbox.kubeconfig(registrationAuthorityAccount));
  const access = await loadClusterAccess({
    kubeconfigPath,
    clock: systemClock,
    log: silentLogger,
  });
  return connectKubernetes({ access, clock: systemClock, userAgent: 'istio-ra/test', ...options });
}

function aDraft(change: Partial<SigningRequestDraft> = {}): SigningRequestDraft {
  made += 1;
  return {
    name: `kube-client-${made}`,
    labels: { 'kube-client-test': 'true' },
    annotations: {},
    signerName,
    requestPem,
    usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
    expirationSeconds: 3600,
    ...change,
  };
}

describe('signing requests', () => {
  it('go from draft to certificate and away', async () => {
    const { signingRequests } = kubernetes;
    const created = await signingRequests.create(aDraft(), deadline);
    expect(created.username).toBe('system:serviceaccount:istio-system:istio-ra');
    const approved = await signingRequests.approve(created, approval, deadline);
    expect(approved.conditions).toMatchObject([{ type: 'Approved', ...approval }]);
    const signed = await untilSigned(created.name);
    const leaf = new X509Certificate(signed.certificatePem ?? '');
    expect(leaf.subjectAltName).toContain('spiffe://cluster.local/ns/foo/sa/httpbin');
    await expect(signingRequests.remove(created, deadline)).resolves.toBe('removed');
    await expect(signingRequests.read(created.name, deadline)).resolves.toBeUndefined();
    await expect(signingRequests.remove(created, deadline)).resolves.toBe('already_gone');
  });

  it('are not removed under another uid', async () => {
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    const other = { name: created.name, uid: 'another' };
    await expect(kubernetes.signingRequests.remove(other, deadline)).resolves.toBe('already_gone');
    await expect(kubernetes.signingRequests.read(created.name, deadline)).resolves.toBeDefined();
  });

  it('are refused under a name that is taken', async () => {
    const draft = aDraft();
    await kubernetes.signingRequests.create(draft, deadline);
    const error = await thrownBy(kubernetes.signingRequests.create(draft, deadline));
    expect(isAlreadyExists(error)).toBe(true);
  });

  it('are not approved in a state that has passed', async () => {
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    await kubernetes.signingRequests.approve(created, approval, deadline);
    const error = await thrownBy(kubernetes.signingRequests.approve(created, approval, deadline));
    expect(isConflict(error)).toBe(true);
  });

  it('are not approved for a signer that we may not use', async () => {
    const draft = aDraft({ signerName: 'clusterissuers.cert-manager.io/other' });
    const created = await kubernetes.signingRequests.create(draft, deadline);
    const error = await thrownBy(kubernetes.signingRequests.approve(created, approval, deadline));
    expect(isForbidden(error)).toBe(true);
  });

  it.each([
    [429, 'TooManyRequests', 2000],
    [500, 'InternalError', undefined],
  ])('tell of a %s', async (status, reason, retryAfterMs) => {
    const asked = retryAfterMs === undefined ? {} : { retryAfterSeconds: retryAfterMs / 1000 };
    sandbox.faults.api.set({ kind: 'status', status, ...asked });
    await expect(kubernetes.signingRequests.list(selector, deadline)).rejects.toMatchObject({
      status,
      reason,
      retryAfterMs,
    });
  });

  it('are created once at most where the answer is lost, and can be found again', async () => {
    sandbox.faults.api.set({ kind: 'lost', when: 'after' }, { verb: 'create', count: 1 });
    const draft = aDraft();
    const error = await thrownBy(kubernetes.signingRequests.create(draft, deadline));
    expect(error).toMatchObject({ status: undefined, reason: 'ConnectionFailed' });
    await expect(kubernetes.signingRequests.read(draft.name, deadline)).resolves.toBeDefined();
  });

  it('leave at once when the API hangs and the caller gives up', async () => {
    sandbox.faults.api.set({ kind: 'hang' });
    const signal = AbortSignal.timeout(50);
    const error = await thrownBy(kubernetes.signingRequests.create(aDraft(), signal));
    expect(error).toBe(signal.reason);
  });

  it('go over HTTP/1.1 also when HTTP/2 is asked for and the API has none', async () => {
    const other = await connect({ http2: true });
    await expect(other.signingRequests.create(aDraft(), deadline)).resolves.toBeDefined();
    await other.close();
  });
});

describe('reviews', () => {
  it('tell a good token from a bad one', async () => {
    const audiences = ['istio-ca'];
    const token = sandbox.token({ ...registrationAuthorityAccount, audiences });
    const [good, bad] = await Promise.all([
      kubernetes.tokenReviews.review(token, audiences, deadline),
      kubernetes.tokenReviews.review('x', audiences, deadline),
    ]);
    const username = 'system:serviceaccount:istio-system:istio-ra';
    expect(good).toMatchObject({ authenticated: true, username, audiences });
    expect(bad).toMatchObject({ authenticated: false, username: undefined });
  });

  it('tell what we may do', async () => {
    const signer = { verb: 'approve', group: 'certificates.k8s.io', resource: 'signers' };
    const may = (name: string): Promise<boolean> =>
      kubernetes.accessReviews.can({ ...signer, name }, deadline);
    await expect(may(signerName)).resolves.toBe(true);
    await expect(may('clusterissuers.cert-manager.io/other')).resolves.toBe(false);
  });
});

describe('the supervised watch', () => {
  let seen: string[];
  let watch: SupervisedWatch<SigningRequest>;

  beforeEach(async () => {
    seen = [];
    watch = new SupervisedWatch({
      source: kubernetes.signingRequestSource(selector),
      identify: (request) => request,
      handlers: {
        onPut: ({ name, certificatePem }) => {
          seen.push(certificatePem === undefined ? `put ${name}` : `signed ${name}`);
        },
        onGone: ({ name }) => seen.push(`gone ${name}`),
      },
      clock: hastyClock,
      random: () => 0,
      log: silentLogger,
      silenceMs: 5000,
    });
    watch.start();
    await until(() => watch.connected);
  });

  afterEach(async () => {
    await watch.stop();
    await until(() => sandbox.openWatches === 0);
  });

  async function expectNewRequestToBeSeen(): Promise<void> {
    const { name } = await kubernetes.signingRequests.create(aDraft(), deadline);
    await until(() => seen.includes(`put ${name}`));
  }

  it('sees a request come, be signed and go', async () => {
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    await kubernetes.signingRequests.approve(created, approval, deadline);
    await until(() => seen.includes(`signed ${created.name}`));
    await kubernetes.signingRequests.remove(created, deadline);
    await until(() => seen.includes(`gone ${created.name}`));
    expect(watch.failures).toBe(0);
  });

  it.each(['drop', 'close', 'expired', 'error', 'not-json', 'truncated'] as const)(
    'loses nothing to a watch that ends with "%s"',
    async (kind) => {
      sandbox.faults.watch.set({ kind, at: 'next-event' }, { count: 1 });
      await expectNewRequestToBeSeen();
    },
  );

  it.each(['duplicate', 'stale-replay'] as const)('is not misled by "%s"', async (kind) => {
    sandbox.faults.watch.set({ kind });
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    await kubernetes.signingRequests.approve(created, approval, deadline);
    await until(() => seen.includes(`signed ${created.name}`));
    const told = seen.filter((line) => line.endsWith(` ${created.name}`));
    expect(told).toEqual([
      ...new Array<string>(2).fill(`put ${created.name}`),
      `signed ${created.name}`,
    ]);
  });

  it('notices a connection that has fallen silent', async () => {
    sandbox.faults.watch.set({ kind: 'silent' }, { count: 1 });
    await expectNewRequestToBeSeen();
  });

  it('does without events for a while, and lists what vanished meanwhile', async () => {
    const created = await kubernetes.signingRequests.create(aDraft(), deadline);
    await until(() => seen.includes(`put ${created.name}`));
    sandbox.faults.watch.set({ kind: 'only-bookmarks' });
    await kubernetes.signingRequests.remove(created, deadline);
    sandbox.faults.watch.clear();
    sandbox.faults.watch.set({ kind: 'expired' }, { count: 1 });
    await until(() => seen.includes(`gone ${created.name}`));
    expect(watch.synced).toBe(true);
  });

  it('comes back after the API server was restarted', async () => {
    sandbox.dropConnections();
    await expectNewRequestToBeSeen();
  });
});

async function untilSigned(name: string): Promise<SigningRequest> {
  for (;;) {
    const request = await kubernetes.signingRequests.read(name, deadline);
    if (request?.certificatePem !== undefined) return request;
    await pause();
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    deadline.throwIfAborted();
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
