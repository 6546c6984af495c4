import { beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { ServingCertificateIssuer } from '../../../src/serving/serving-certificate-issuer.ts';
import type { IssuedServingCertificate } from '../../../src/serving/serving-certificate-issuer.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import type { CertificateTemplate } from '../../../src/pki/certificate-builder.ts';
import { ChainVerifier } from '../../../src/pki/chain.ts';
import { readRequest, requestDerOf } from '../../../src/sandbox/pkcs10.ts';
import { apiError, FakeSigningRequests } from '../../support/fake-signing-requests.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { meshWithRoots, servingNames, servingTemplate } from '../../support/serving-pairs.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const signerName = 'clusterissuers.cert-manager.io/mesh';
const start = new FakeClock().now();
const dayMs = 86_400_000;
let root: TestAuthority;
let intermediate: TestAuthority;
let stranger: TestAuthority;

beforeAll(async () => {
  root = await TestAuthority.make('root', start);
  intermediate = await TestAuthority.make('intermediate', start, { issuer: root });
  stranger = await TestAuthority.make('root', start);
});

interface Options {
  readonly approval?: 'self' | 'external';
  readonly rootPems?: readonly string[];
}

/** An issuer, and one attempt with it that is under way. */
async function anAttempt({ approval = 'self', rootPems = [root.certificatePem] }: Options = {}) {
  const [clock, log, requests] = [
    new FakeClock(),
    new RecordingLogger(),
    new FakeSigningRequests(),
  ];
  const snapshot = loadMeshSnapshot(meshWithRoots(signerName, rootPems), 1);
  const issuer = new ServingCertificateIssuer({
    ...{ requests, signerName, approval, clock, log },
    mesh: { current: () => snapshot },
    verifier: new ChainVerifier(),
    ttlSeconds: 30 * 86_400,
  });
  const stopping = new AbortController();
  const settled = { is: false };
  const attempt = issuer.issue(servingNames, stopping.signal).finally(() => {
    settled.is = true;
  });
  attempt.catch(() => undefined);
  // Keys are made outside of the fake clock.
  while (requests.calls.length === 0 && !settled.is) await pause(1);
  await clock.advance(0);
  const object = () => {
    const [found] = requests.objects.values();
    if (found === undefined) throw new Error('there is no object');
    return found;
  };
  /** What the signer writes; the attempt takes it at its next look. */
  const answer = async (pem: string): Promise<IssuedServingCertificate> => {
    requests.setCertificate(object().name, pem);
    while (!settled.is) {
      await clock.advance(1_000);
      await pause(1);
    }
    return attempt;
  };
  const sign = (change: Partial<CertificateTemplate> = {}, by = root): Promise<string> => {
    const { spkiDer } = readRequest(requestDerOf(object().requestPem));
    return by.sign(servingTemplate(spkiDer, clock.now(), change));
  };
  return { attempt, clock, log, requests, issuer, stopping, object, answer, sign };
}

describe('a serving certificate', () => {
  it('is asked for by an object that the reaper knows, for a server and thirty days', async () => {
    const { object, stopping } = await anAttempt();

    expect(object()).toMatchObject({
      signerName,
      labels: { 'app.kubernetes.io/managed-by': 'istio-ra' },
      usages: ['digital signature', 'key encipherment', 'server auth'],
      expirationSeconds: 30 * 86_400,
      conditions: [{ type: 'Approved' }],
    });
    stopping.abort();
  });

  it('is served with its intermediate and without its root', async () => {
    const { answer, sign, requests, log } = await anAttempt();
    const leafPem = await sign({}, intermediate);
    const chain = [leafPem, root.certificatePem, intermediate.certificatePem].join('');
    const { served, dueAt } = await answer(chain);

    expect(served.certificateChainPem).toBe(leafPem + intermediate.certificatePem);
    expect(served.privateKeyPem).toContain('PRIVATE KEY');
    expect(dueAt - served.notBefore).toBe(15 * dayMs);
    expect(requests.objects.size).toBe(0);
    expect(JSON.stringify(log.lines)).not.toContain('PRIVATE');
  });

  it('waits for the outside approver where that is who approves', async () => {
    const { requests, object, clock, answer, sign } = await anAttempt({ approval: 'external' });
    await clock.advance(120_000);
    expect(requests.calls).not.toContain('approve');
    expect(object().conditions).toEqual([]);
    requests.addCondition(object().name, { type: 'Approved', status: 'True' });

    await expect(answer(await sign())).resolves.toBeDefined();
  });

  it('is approved at the next look when somebody wrote to the object meanwhile', async () => {
    const conflict = apiError(409, 'Conflict');
    const [clock, requests] = [new FakeClock(), new FakeSigningRequests()];
    requests.disturb('approve', { kind: 'fails', error: conflict });
    const snapshot = loadMeshSnapshot(meshWithRoots(signerName, [root.certificatePem]), 1);
    const issuer = new ServingCertificateIssuer({
      ...{ requests, signerName, approval: 'self', clock, log: new RecordingLogger() },
      ...{ mesh: { current: () => snapshot }, verifier: new ChainVerifier(), ttlSeconds: 3_600 },
    });
    const stopping = new AbortController();
    const attempt = issuer.issue(servingNames, stopping.signal).catch(() => undefined);
    while (requests.calls.length === 0) await pause(1);
    await clock.advance(100);

    expect([...requests.objects.values()][0]?.conditions).toMatchObject([{ type: 'Approved' }]);
    stopping.abort();
    await attempt;
  });

  it('is not asked for where the mesh config has no root to verify it by', async () => {
    const { attempt, requests } = await anAttempt({ rootPems: [] });

    await expect(attempt).rejects.toThrow(/has no root for .* in certSigners, to caCertificates$/);
    expect(requests.calls).toEqual([]);
  });

  it('that is not signed within a minute is given up, and its object removed', async () => {
    const { attempt, clock, requests } = await anAttempt();
    await clock.advance(55_000);

    await expect(attempt).rejects.toThrow('did not sign the serving certificate within 55 s');
    expect(requests.objects.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is left to the reaper when the object cannot be removed', async () => {
    const { answer, sign, requests } = await anAttempt();
    requests.disturb('remove', { kind: 'hangs' });

    await expect(answer(await sign())).resolves.toBeDefined();
    expect(requests.objects.size).toBe(1);
  });

  it.each([
    ['Denied', 'denied the serving certificate: no'],
    ['Failed', 'failed the serving certificate: no'],
  ])('that was %s is an error with the reason', async (type, message) => {
    const { attempt, requests, object, clock } = await anAttempt();
    requests.addCondition(object().name, { type, status: 'True', message: 'no' });
    await clock.advance(1_000);

    await expect(attempt).rejects.toThrow(message);
  });

  it('whose object was deleted is an error', async () => {
    const { attempt, requests, clock } = await anAttempt();
    requests.objects.clear();
    await clock.advance(1_000);

    await expect(attempt).rejects.toThrow('was deleted');
  });
});

describe('a serving certificate is refused', () => {
  const bad: readonly (readonly [string, Partial<CertificateTemplate>, string])[] = [
    ['may sign others', { isCa: true }, 'may sign others'],
    ['lacks a name', { dnsNames: servingNames.slice(1) }, 'exactly the names'],
    ['has a name too many', { dnsNames: [...servingNames, 'a.example'] }, 'exactly the names'],
    ['names a workload too', { uris: ['spiffe://cluster.local/ns/a/sa/b'] }, 'exactly the names'],
    ['is for clients', { extendedKeyUsages: ['clientAuth'] }, 'is not for servers'],
    ['is for anything', { extendedKeyUsages: [] }, 'is not for servers'],
    ['may not sign', { keyUsages: ['keyEncipherment'] }, 'may not sign a handshake'],
    ['begins tomorrow', { notBefore: start + dayMs }, 'is not valid yet'],
    ['has ended', { notBefore: start - dayMs, notAfter: start - 1_000 }, 'has expired'],
    ['is half over', { notBefore: start - 2 * dayMs, notAfter: start + dayMs }, 'less than half'],
    ['lives a minute', { notAfter: start + 60_000 }, 'too short a life'],
  ];

  it.each(bad)('that %s', async (_what, change, problem) => {
    const { answer, sign } = await anAttempt();

    await expect(answer(await sign(change))).rejects.toThrow(problem);
  });

  it('of another key', async () => {
    const { answer } = await anAttempt();
    const other = await anAttempt();

    await expect(answer(await other.sign())).rejects.toThrow('of the key that it was asked for');
  });

  it('of a root that the mesh config does not have for the signer', async () => {
    const { answer, sign } = await anAttempt();
    const chain = [await sign({}, stranger), stranger.certificatePem].join('');

    await expect(answer(chain)).rejects.toThrow(`the certificate from ${signerName} is refused`);
  });

  it('that is no certificate', async () => {
    const { answer } = await anAttempt();

    await expect(answer('nonsense')).rejects.toThrow('the bundle holds no certificate');
  });
});

describe('a signer that gives a longer life than it was asked for', () => {
  it('is asked again as if it had not', async () => {
    const { answer, sign } = await anAttempt();
    const { dueAt } = await answer(await sign({ notAfter: start + 365 * dayMs }));

    expect(dueAt).toBe(start + 15 * dayMs);
  });
});
