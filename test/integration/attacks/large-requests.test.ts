import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { ApiAttempts } from '../../../src/signer/limits/api-attempts.ts';
import { Reaper } from '../../../src/signer/cleanup/reaper.ts';
import { DeletionQueue } from '../../../src/signer/cleanup/deletion-queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { eventually } from '../../support/running-mesh.ts';
import { connectTo } from '../../unit/kube/client-node/connected-api.ts';
import { LoopbackApi, sendJson } from '../../unit/kube/client-node/loopback-api.ts';
import { aCsrBackend } from '../../unit/signer/signer-bench.ts';

// One kind: what anybody may write into the cluster is read whole and kept whole. Whoever may create
// CertificateSigningRequests puts our label on some of 1.4 MB each, and every replica lists them when
// it starts: 175 of them end a process of 256 MB of heap.

const mebibyte = 1_048_576;
const us = 'system:serviceaccount:istio-system:istio-ra';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
// The next test file of this process must not find a collector.
setFlagsFromString('--no-expose-gc');

/** Bytes that something still holds. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A page of one large object, which somebody else created under our label. */
function pageOf(at: number, pages: number): Record<string, unknown> {
  const labels = { 'app.kubernetes.io/managed-by': 'istio-ra' };
  return {
    ...{ kind: 'CertificateSigningRequestList', apiVersion: 'certificates.k8s.io/v1' },
    metadata: { resourceVersion: '9', ...(at + 1 < pages ? { continue: String(at + 1) } : {}) },
    items: [
      {
        metadata: { name: `big-${at}`, uid: `uid-${at}`, resourceVersion: `${at + 1}`, labels },
        spec: { request: 'A'.repeat(mebibyte), signerName: 'a.b/c', username: 'eve', usages: [] },
        status: {},
      },
    ],
  };
}

describe('the search for orphans', () => {
  // Row 5.
  it.failing('holds no more at the last page of large objects than at the first', async () => {
    await using api = await LoopbackApi.start();
    const held: number[] = [];
    const pages = 24;
    api.answer = ({ url }, response) => {
      const at = Number(new URL(url, 'http://api').searchParams.get('continue') ?? '0');
      if (at === 1 || at === pages - 1) held.push(heldBytes());
      sendJson(response, 200, pageOf(at, pages));
    };
    const kubernetes = connectTo(api.url);
    const [clock, log] = [new FakeClock(), new RecordingLogger()];
    const { signingRequests: requests } = kubernetes;
    const backend = aCsrBackend({ requests, clock, log, username: us });
    const attempts = new ApiAttempts({ clock, random: () => 0.5 });
    const deletions = new DeletionQueue({ backend, attempts, clock, log });
    const reaper = new Reaper({ backend, deletions, clock, log, orphanedAfterMs: 75_000 });
    reaper.start();
    await eventually(() => held.length === 2);
    await reaper.stop();
    await kubernetes.close();

    const [first = 0, last = Infinity] = held;
    expect(last - first).toBeLessThan(8 * mebibyte);
  });
});
