import { beforeAll, describe, expect, it } from '@jest/globals';
import { maxCanaryMs, sendCanary } from '../../../src/check/send-canary.ts';
import type { CanaryOrder } from '../../../src/check/send-canary.ts';
import type { CheckVerdict } from '../../../src/check/check.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import { parseCertificateRequest } from '../../../src/pki/certificate-request.ts';
import { parseCertificateBundle } from '../../../src/pki/pem.ts';
import { parseTrustDomain, workloadId } from '../../../src/pki/spiffe-id.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { apiError, FakeSigningRequests } from '../../support/fake-signing-requests.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const signer = 'clusterissuers.cert-manager.io/foo';
const identity = workloadId({
  trustDomain: parseTrustDomain('cluster.local'),
  ...{ namespace: 'istio-system', serviceAccount: 'istio-ra-canary' },
});

let authority: TestAuthority;
let stranger: TestAuthority;

beforeAll(async () => {
  authority = await TestAuthority.make('foo', new FakeClock().now());
  stranger = await TestAuthority.make('stranger', new FakeClock().now());
});

function rootsOf({ certificatePem }: TestAuthority): readonly Certificate[] {
  return parseCertificateBundle(certificatePem).map((der) => parseCertificate(der));
}

/** One canary, and what becomes of its object as soon as it is there. */
class Flight {
  readonly clock = new FakeClock();
  readonly requests = new FakeSigningRequests();
  event: string | undefined;
  readonly stopping = new AbortController();

  send(change: Partial<CanaryOrder> = {}): Promise<CheckVerdict> {
    const order: CanaryOrder = {
      ...{ signer, identity, roots: rootsOf(authority), approval: 'self' },
      ...change,
    };
    const { clock, requests: signingRequests } = this;
    const requestEvents = { latest: () => Promise.resolve(this.event) };
    const ports = { signingRequests, requestEvents, clock };
    return sendCanary(order, ports, this.stopping.signal);
  }

  async name(): Promise<string> {
    for (;;) {
      const [name] = this.requests.objects.keys();
      if (name !== undefined) return name;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async signBy(issuer: TestAuthority, ttlMs = 600_000): Promise<void> {
    const name = await this.name();
    const now = this.clock.now();
    const { publicKey } = parseCertificateRequest(
      this.requests.objects.get(name)?.requestPem ?? '',
    );
    const pem = await issuer.sign({
      ...{ subject: {}, spkiDer: publicKey.spkiDer, notBefore: now, notAfter: now + ttlMs },
      ...{ isCa: false, keyUsages: ['digitalSignature', 'keyEncipherment'] },
      ...{ extendedKeyUsages: ['serverAuth', 'clientAuth'], uris: [identity.uri], dnsNames: [] },
    });
    this.requests.setCertificate(name, pem);
    await this.clock.advance(500);
  }

  async endure(): Promise<void> {
    await this.name();
    await this.clock.advance(maxCanaryMs);
  }
}

describe('sendCanary', () => {
  it('tells under which root the signer signs, and takes the object away', async () => {
    const flight = new Flight();
    const verdict = flight.send();
    await flight.signBy(authority);
    expect(await verdict).toMatchObject({
      kind: 'ok',
      text: expect.stringContaining('CN=foo'),
    });
    expect(flight.requests.calls).toContain('approve');
    expect(flight.requests.objects.size).toBe(0);
    expect(flight.clock.pendingTimers).toBe(0);
  });

  it.each([
    ['another root', () => stranger, 600_000, 'caCertificates of the mesh config'],
    ['a longer life', () => authority, 86_400_000, 'correct the issuer'],
  ])('refuses %s, as a workload would be', async (_what, issuer, ttlMs, fix) => {
    const flight = new Flight();
    const verdict = flight.send();
    await flight.signBy(issuer(), ttlMs);
    expect(await verdict).toMatchObject({
      kind: 'failed',
      fix: expect.stringContaining(fix),
    });
    expect(flight.requests.objects.size).toBe(0);
  });

  it('repeats what the signer says when it fails', async () => {
    const flight = new Flight();
    const verdict = flight.send();
    const failure = { type: 'Failed', status: 'True', reason: 'DeniedReference', message: 'no' };
    flight.requests.addCondition(await flight.name(), failure);
    await flight.clock.advance(500);
    expect(await verdict).toMatchObject({ text: `${signer}: Failed: DeniedReference: no` });
  });

  it.each([
    [{}, 'the feature gate where nobody says a word', 'no word', 'feature-gates'],
    [{ event: 'IssuerNotReady: x' }, 'the event where there is one', 'IssuerNotReady: x', 'event'],
    [{ approval: 'external' }, 'whoever should approve', 'nobody approved', 'CSR_APPROVAL'],
  ] as const)('given %o points to %s', async (given, _what, text, fix) => {
    const flight = new Flight();
    flight.event = 'event' in given ? given.event : undefined;
    const verdict = flight.send('approval' in given ? { approval: given.approval } : {});
    await flight.endure();
    expect(await verdict).toMatchObject({
      text: expect.stringContaining(text),
      fix: expect.stringContaining(fix),
    });
    expect(flight.requests.objects.size).toBe(0);
  });

  it('removes an object of which it never heard that it is there', async () => {
    const flight = new Flight();
    flight.requests.disturb('create', { kind: 'answer_lost' });
    await expect(flight.send()).rejects.toThrow('scripted');
    expect(flight.requests.objects.size).toBe(0);
  });

  it('removes it also when it is called off, or may not approve', async () => {
    const off = new Flight();
    const verdict = off.send();
    await off.name();
    off.stopping.abort(new Error('SIGINT came'));
    await expect(verdict).rejects.toThrow('SIGINT came');
    expect(off.requests.objects.size).toBe(0);
    const forbidden = new Flight();
    forbidden.requests.disturb('approve', { kind: 'fails', error: apiError(403) });
    await expect(forbidden.send()).rejects.toThrow('scripted 403');
    expect(forbidden.requests.objects.size).toBe(0);
  });
});
