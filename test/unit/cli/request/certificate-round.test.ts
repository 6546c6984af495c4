import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../../src/base/clock.ts';
import { agentRetries, obtainCertificate } from '../../../../src/cli/request/certificate-round.ts';
import { parseCertificateRequest } from '../../../../src/pki/certificate-request.ts';
import { TestAuthority } from '../../../support/test-authority.ts';

const identity = 'spiffe://cluster.local/ns/foo/sa/httpbin';
const now = Date.UTC(2026, 0, 1);
const busy = new Error('busy');
const refused = new Error('refused');
let authority: TestAuthority;

beforeAll(async () => {
  authority = await TestAuthority.make('root', now);
});

async function sign(csrPem: string): Promise<readonly string[]> {
  const leaf = await authority.sign({
    ...{ subject: {}, isCa: false, uris: [identity], dnsNames: [] },
    ...{ keyUsages: ['digitalSignature'], extendedKeyUsages: ['clientAuth', 'serverAuth'] },
    spkiDer: parseCertificateRequest(csrPem).publicKey.spkiDer,
    notBefore: now,
    notAfter: now + 3_600_000,
  });
  return [leaf, authority.certificatePem];
}

/** A round against an authority that throws these first; its waits take no time and are noted. */
function round(failures: readonly Error[], stopping = new AbortController()) {
  const left = [...failures];
  const csrs: string[] = [];
  const waits: number[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    timer: (ms, callback) => {
      waits.push(ms);
      queueMicrotask(callback);
      return { cancel: () => undefined };
    },
  };
  const obtained = obtainCertificate(
    {
      ...{ identity, key: 'ecdsa-p256', retries: agentRetries, clock, random: () => 0.5 },
      isRetried: (error) => error === busy,
      ask: async (csrPem) => {
        csrs.push(csrPem);
        const failure = left.shift();
        if (failure !== undefined) throw failure;
        return sign(csrPem);
      },
    },
    stopping.signal,
  );
  return { obtained, csrs, waits };
}

describe('obtainCertificate', () => {
  it('gets a certificate for a key of its own', async () => {
    const { privateKeyPem, leaf } = await round([]).obtained;
    expect([privateKeyPem.slice(0, 27), leaf.notAfter]).toEqual([
      '-----BEGIN PRIVATE KEY-----',
      now + 3_600_000,
    ]);
  });

  it('makes a new key each time', async () => {
    const [one, other] = await Promise.all([round([]).obtained, round([]).obtained]);
    expect(one.privateKeyPem).not.toBe(other.privateKeyPem);
  });

  it('waits between retries as istio-agent does, from 100 ms to 1.6 s', async () => {
    const { obtained, waits } = round([busy, busy, busy, busy, busy]);
    await obtained;
    expect(waits).toEqual([100, 200, 400, 800, 1_600]);
  });

  it('sends the same CSR again, which the authority may have signed already', async () => {
    const { obtained, csrs } = round([busy, busy]);
    await obtained;
    expect([csrs.length, new Set(csrs).size]).toEqual([3, 1]);
  });

  it('gives up after five retries', async () => {
    const { obtained, csrs } = round(Array.from({ length: 9 }, () => busy));
    await expect(obtained).rejects.toBe(busy);
    expect(csrs).toHaveLength(6);
  });

  it('does not retry what agents do not retry', async () => {
    const { obtained, csrs } = round([refused]);
    await expect(obtained).rejects.toBe(refused);
    expect(csrs).toHaveLength(1);
  });

  it('does not retry once it was told to stop', async () => {
    const stopping = new AbortController();
    stopping.abort(new Error('stopped'));
    const { obtained, csrs } = round([busy], stopping);
    await expect(obtained).rejects.toBe(busy);
    expect(csrs).toHaveLength(1);
  });
});
