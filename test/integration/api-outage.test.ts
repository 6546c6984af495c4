import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { isAlreadyExists } from '../../src/kube/api-error.ts';
import { connectKubernetes } from '../../src/kube/client-node/connect-kubernetes.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import { loadClusterAccess } from '../../src/kube/client-node/kubeconfig.ts';
import { buildCertificateRequest } from '../../src/pki/certificate-request-builder.ts';
import { generateKeyPair } from '../../src/pki/key-pair.ts';
import { registrationAuthorityAccount, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { ApiAttempts } from '../../src/signer/limits/api-attempts.ts';
import { expectMeasured } from '../support/expect-measured.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

const callers = 200;
const awayMs = 4_000;
const backWithinMs = 5_000;

let folder: string;
let log: RecordingLogger;
let sandbox: Sandbox;
let kubernetes: KubernetesApi;
let requestPem: string;
/** On the monotonic clock, when each call ended without an answer. */
let unanswered: number[];

async function start(port = 0): Promise<void> {
  sandbox = await startSandbox({ clock: systemClock, log: silentLogger, port });
  // A sandbox that starts anew has a new authority and believes no old token.
  writeFileSync(path.join(folder, 'kubeconfig'), sandbox.kubeconfig(registrationAuthorityAccount));
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'api-outage-'));
  log = new RecordingLogger();
  unanswered = [];
  await start();
  const kubeconfigPath = path.join(folder, 'kubeconfig');
  const clock = systemClock;
  kubernetes = connectKubernetes({
    access: await loadClusterAccess({ kubeconfigPath, clock, log }),
    clock,
    userAgent: 'istio-ra/test',
    log,
    onCall: ({ status }) => {
      if (status === undefined) unanswered.push(clock.monotonic());
    },
  });
  requestPem = await buildCertificateRequest({
    keyPair: await generateKeyPair('ecdsa-p256'),
    subject: 'empty',
    uris: ['spiffe://cluster.local/ns/foo/sa/httpbin'],
  });
});

afterAll(async () => {
  await kubernetes.close();
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});

function create(number: number, signal: AbortSignal): Promise<unknown> {
  const attempts = new ApiAttempts({ clock: systemClock, random: Math.random });
  const draft = {
    name: `outage-${number}`,
    labels: {},
    annotations: {},
    signerName: 'clusterissuers.cert-manager.io/foo',
    requestPem,
    usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
    expirationSeconds: 3600,
  };
  const bounds = { tries: 3, timeoutMs: 5_000 };
  return attempts
    .run(bounds, (limited) => kubernetes.signingRequests.create(draft, limited), signal)
    .catch((error: unknown) => {
      // An earlier attempt of the same call has done it, and its answer came too late.
      if (!isAlreadyExists(error)) throw error;
    });
}

/** One outage with many who want to create something; the time from its end until all have. */
async function outageMs(): Promise<number> {
  await create(0, AbortSignal.timeout(5_000));
  const port = Number(new URL(sandbox.url).port);
  const { limit: callsAtOnce } = kubernetes.state();
  unanswered = [];
  await sandbox.stop();

  const wentAt = systemClock.monotonic();
  const signal = AbortSignal.timeout(awayMs + 4 * backWithinMs);
  const creations = Promise.all(
    Array.from({ length: callers }, (_, caller) => create(caller + 1, signal)),
  );
  await pause(awayMs);
  expect(kubernetes.state().isAway).toBe(true);
  const awaySeconds = (systemClock.monotonic() - wentAt) / 1000;
  // Those that were on their way before anybody could know, and then 20 in a second.
  expect(unanswered.length).toBeLessThanOrEqual(callsAtOnce + 20 * awaySeconds);
  const later = unanswered.filter((at) => at > wentAt + 1_000);
  expect(later.length).toBeLessThanOrEqual(20 * (awaySeconds - 1));
  expect(later.length).toBeGreaterThan(0);

  const backAt = systemClock.monotonic();
  await start(port);
  await expect(creations).resolves.toHaveLength(callers);
  const tookMs = systemClock.monotonic() - backAt;
  expect(kubernetes.state()).toMatchObject({ isAway: false, waiting: 0 });
  return tookMs;
}

describe('an API server that goes away and comes back', () => {
  it('is called seldom meanwhile, and by everybody within 5 s of its return', async () => {
    const limit = { what: 'until all are through', unit: 'ms' } as const;
    await expectMeasured({ ...limit, bound: { atMost: backWithinMs } }, outageMs);
    const told = log.lines.map(({ message }) => message);
    expect(told).toContain('the Kubernetes API is away, few calls are sent until it is back');
    expect(told).toContain('the Kubernetes API is back');
  }, 100_000);
});
