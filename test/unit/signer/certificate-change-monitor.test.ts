import { describe, expect, it } from '@jest/globals';
import type { SigningRequest } from '../../../src/kube/signing-requests.ts';
import type { CertificateChange } from '../../../src/ra/change-log.ts';
import { CertificateChangeMonitor } from '../../../src/signer/certificate-change-monitor.ts';
import { FakeSigningRequests } from '../../support/fake-signing-requests.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

async function setUp() {
  const changes: CertificateChange[] = [];
  const log = new RecordingLogger();
  const monitor = new CertificateChangeMonitor({
    changes: { changed: (c) => changes.push(c) },
    log,
  });
  const requests = new FakeSigningRequests();
  const draft = {
    ...{ name: 'ra-1', labels: {}, annotations: {}, signerName: 'example.com/foo' },
    ...{ requestPem: '', usages: [], expirationSeconds: 600 },
  };
  const pending = await requests.create(draft, new AbortController().signal);
  const issued = requests.setCertificate('ra-1', 'FIRST');
  return { monitor, changes, log, pending, issued };
}

function changed(object: SigningRequest, certificatePem: string): SigningRequest {
  return { ...object, certificatePem };
}

describe('F41: a certificate that was taken', () => {
  it('and becomes another is put on record, with the request that it was for', async () => {
    const { monitor, changes, issued } = await setUp();
    monitor.collected(issued, 'FIRST', 'r1');
    monitor.put(changed(issued, 'SECOND'));

    expect(changes).toEqual([
      {
        ...{ requestId: 'r1', csrName: 'ra-1', csrUid: issued.uid, signer: 'example.com/foo' },
        takenSha256: '267d3b81a9dcd937f3b46a17a57fc0ca2133373389336861142673a73fc17bc6',
        foundSha256: '84747dcd831c7131207a1042d74b60ac54fdcc10e7aef9e1f7940dda2c95dcae',
      },
    ]);
  });

  it('and becomes another is warned of', async () => {
    const { monitor, log, issued } = await setUp();
    monitor.collected(issued, 'FIRST', 'r1');
    monitor.put(changed(issued, 'SECOND'));

    expect(log.lines).toMatchObject([{ level: 'warn', fields: { requestId: 'r1' } }]);
  });

  it('is told of once, however often it changes', async () => {
    const { monitor, changes, issued } = await setUp();
    monitor.collected(issued, 'FIRST', 'r1');
    for (const pem of ['SECOND', 'THIRD', 'FIRST', 'FOURTH']) monitor.put(changed(issued, pem));

    expect(changes).toHaveLength(1);
  });

  it('and stays as it is is nothing to tell of', async () => {
    const { monitor, changes, issued } = await setUp();
    monitor.collected(issued, 'FIRST', 'r1');
    monitor.put(issued);

    expect(changes).toEqual([]);
  });

  it('is not held against a state from before it was there', async () => {
    const { monitor, changes, pending, issued } = await setUp();
    monitor.collected(issued, 'FIRST', 'r1');
    monitor.put(pending);

    expect(changes).toEqual([]);
  });

  it('is forgotten with its object', async () => {
    const { monitor, issued } = await setUp();
    monitor.collected(issued, 'FIRST', 'r1');
    monitor.gone(issued);

    expect(monitor.size).toBe(0);
  });

  it('is one of 10,000 at most', async () => {
    const { monitor, issued } = await setUp();
    for (let at = 0; at < 10_001; at += 1)
      monitor.collected({ ...issued, uid: `uid-${at}` }, 'FIRST', 'r1');

    expect(monitor.size).toBe(10_000);
  });
});
