import { X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../src/base/logger.ts';
import { FaultBoard } from '../../../src/sandbox/faults.ts';
import type { SignerFault } from '../../../src/sandbox/faults.ts';
import { textAt, valueAt } from '../../../src/sandbox/kube-object.ts';
import { ToyAuthority } from '../../../src/sandbox/toy-authority.ts';
import { ToySigner } from '../../../src/sandbox/toy-signer.ts';
import type { Issuance } from '../../../src/sandbox/toy-signer.ts';
import { aRequest, ApiWorld, requestsPath, withConditions } from './api-world.ts';

const signerName = 'clusterissuers.cert-manager.io/foo';
const uri = 'spiffe://cluster.local/ns/foo/sa/httpbin';
const now = Date.UTC(2026, 0, 1);
let authority: ToyAuthority;
let otherAuthority: ToyAuthority;

beforeAll(async () => {
  authority = await ToyAuthority.create({ commonName: 'foo', now, intermediate: true });
  otherAuthority = await ToyAuthority.create({ commonName: 'bar', now });
});

class Signing {
  readonly world = new ApiWorld();
  readonly faults = new FaultBoard<SignerFault>();
  readonly issued: Issuance[] = [];
  readonly signer: ToySigner;

  constructor(latencyMs = 0) {
    this.signer = new ToySigner({
      store: this.world.store,
      clock: this.world.clock,
      log: silentLogger,
      faults: this.faults,
      signerName,
      authority,
      otherAuthority,
      latencyMs,
      onIssued: (issuance) => this.issued.push(issuance),
    });
  }

  approve(spec: object = {}): void {
    const created = this.world.object('POST', requestsPath, aRequest('a', spec));
    this.world.call('PUT', `${requestsPath}/a/approval`, withConditions(created, 'Approved'));
  }

  get certificate(): string | undefined {
    const text = textAt(this.world.object('GET', `${requestsPath}/a`), 'status', 'certificate');
    return text === undefined ? undefined : Buffer.from(text, 'base64').toString();
  }

  get conditions(): unknown {
    return valueAt(this.world.object('GET', `${requestsPath}/a`), 'status', 'conditions');
  }

  /** Waits in real time, as keys and signatures do not come from the fake clock. */
  async settled(): Promise<string> {
    for (let turn = 0; turn < 500 && this.certificate === undefined; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.certificate ?? '';
  }
}

let signing: Signing;
afterEach(() => signing.signer.stop());

function chainOf(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

async function signedUnder(fault: SignerFault | undefined): Promise<readonly X509Certificate[]> {
  signing = new Signing();
  if (fault !== undefined) signing.faults.set(fault);
  signing.approve();
  return chainOf(await signing.settled());
}

describe('ToySigner', () => {
  it('signs an approved request: leaf and intermediate, no root', async () => {
    const [leaf, intermediate, ...more] = await signedUnder(undefined);
    const root = new X509Certificate(authority.rootPem);
    expect({
      more,
      san: leaf?.subjectAltName,
      isCa: leaf?.ca,
      purposes: leaf?.keyUsage,
      validFrom: leaf?.validFromDate.getTime(),
      validTo: leaf?.validToDate.getTime(),
      isSigned: intermediate !== undefined && leaf?.verify(intermediate.publicKey),
      isRooted: intermediate?.verify(root.publicKey),
    }).toEqual({
      more: [],
      san: `URI:${uri}`,
      isCa: false,
      purposes: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
      validFrom: now,
      validTo: now + 3_600_000,
      isSigned: true,
      isRooted: true,
    });
  });

  it('keeps a record of what it gave out', async () => {
    const [leaf] = await signedUnder(undefined);
    expect(signing.issued).toMatchObject([
      { signerName, requestName: 'a', serialNumber: leaf?.serialNumber, at: now },
    ]);
  });

  it('leaves requests alone that are not approved, or not its own', async () => {
    signing = new Signing();
    signing.world.call('POST', requestsPath, aRequest('b'));
    signing.approve({ signerName: 'clusterissuers.cert-manager.io/bar' });
    await signing.settled();
    expect(signing.certificate).toBeUndefined();
  });

  it('waits as long as it is told to', async () => {
    signing = new Signing(500);
    signing.approve();
    await signing.world.clock.advance(499);
    const before = signing.certificate;
    await signing.world.clock.advance(1);
    expect([before, chainOf(await signing.settled()).length]).toEqual([undefined, 2]);
  });

  it('gives up a request that is gone when it is done', async () => {
    signing = new Signing(500);
    signing.approve();
    signing.world.call('DELETE', `${requestsPath}/a`);
    await signing.world.clock.advance(500);
    await signing.signer.stop();
    expect(signing.issued).toEqual([]);
  });
});

describe('a fault of a signer', () => {
  const later = now + 3_600_000;

  it.each<[SignerFault, Record<string, unknown>]>([
    [{ kind: 'wrong-san' }, { subjectAltName: expect.stringContaining('somebody-else') }],
    [{ kind: 'extra-san' }, { subjectAltName: expect.stringMatching(/httpbin, .*somebody-else/) }],
    [{ kind: 'no-san' }, { subjectAltName: undefined }],
    [{ kind: 'subject-common-name' }, { subject: 'CN=somebody' }],
    [{ kind: 'no-eku' }, { keyUsage: undefined }],
    [{ kind: 'extra-eku' }, { keyUsage: expect.arrayContaining(['1.3.6.1.5.5.7.3.3']) }],
    [{ kind: 'expired' }, { validToDate: new Date(now - 3_600_000) }],
    [{ kind: 'not-yet-valid' }, { validFromDate: new Date(later) }],
    [{ kind: 'longer-lifetime', factor: 3 }, { validToDate: new Date(now + 3 * 3_600_000) }],
    [{ kind: 'weak-signature' }, { signatureAlgorithm: 'ecdsa-with-SHA1' }],
    [{ kind: 'wrong-root' }, { issuer: expect.stringContaining('CN=bar root') }],
  ])('%j shows in the leaf', async (fault, expected) => {
    const [leaf] = await signedUnder(fault);
    for (const [property, value] of Object.entries(expected)) {
      expect(Reflect.get(leaf ?? {}, property)).toEqual(value);
    }
  });

  it('puts another key into the leaf', async () => {
    const [correct] = await signedUnder(undefined);
    const [leaf] = await signedUnder({ kind: 'wrong-key' });
    const keyOf = (certificate?: X509Certificate): unknown =>
      certificate?.publicKey.export({ type: 'spki', format: 'pem' });
    expect(keyOf(leaf)).not.toEqual(keyOf(correct));
  });

  it.each([
    // BasicConstraints with cA TRUE and nothing else.
    ['ca-true', '30030101ff'],
    // The bits of digitalSignature, keyEncipherment and keyCertSign.
    ['cert-sign-usage', '030202a4'],
  ] as const)('%s shows in the leaf', async (kind, der) => {
    const [leaf] = await signedUnder({ kind });
    expect(leaf?.raw.toString('hex')).toContain(der);
  });

  it.each<[SignerFault['kind'], readonly string[]]>([
    ['leaf-only', ['leaf']],
    ['root-included', ['leaf', 'intermediate', 'root']],
    ['foreign-root-included', ['leaf', 'intermediate', 'other root']],
    ['duplicate-chain', ['leaf', 'intermediate', 'leaf', 'intermediate']],
    ['unordered-chain', ['leaf', 'root', 'intermediate']],
  ])('%s changes the chain', async (kind, expected) => {
    const chain = await signedUnder({ kind } as SignerFault);
    const names = new Map([
      ['CN=foo intermediate', 'intermediate'],
      ['CN=foo root', 'root'],
      ['CN=bar root', 'other root'],
    ]);
    // An empty subject is undefined, whatever the types say.
    const lastOf = (subject: string | undefined): string => subject?.split('\n').at(-1) ?? '';
    const nameOf = ({ subject }: X509Certificate): string => names.get(lastOf(subject)) ?? 'leaf';
    expect(chain.map(nameOf)).toEqual(expected);
  });

  it.each([
    ['garbage-pem', /^-----BEGIN CERTIFICATE/],
    ['empty-pem', /^$/],
    ['not-pem', /^certificate issued/],
  ] as const)('%s writes what the API would refuse', async (kind, expected) => {
    signing = new Signing();
    signing.faults.set({ kind });
    signing.approve();
    expect(await signing.settled()).toMatch(expected);
  });

  it('denies before anybody can approve', () => {
    signing = new Signing();
    signing.faults.set({ kind: 'deny', reason: 'NotToday' }, { signerName });
    const created = signing.world.object('POST', requestsPath, aRequest('a'));
    const attempt = signing.world.refusal(
      'PUT',
      `${requestsPath}/a/approval`,
      withConditions(created, 'Approved'),
    );
    expect([attempt.code, signing.conditions]).toMatchObject([
      409,
      [{ type: 'Denied', status: 'True', reason: 'NotToday' }],
    ]);
  });

  it('fails a request', async () => {
    signing = new Signing();
    signing.faults.set({ kind: 'fail', reason: 'Broken', message: 'no key' });
    signing.approve();
    await signing.signer.stop();
    expect(signing.conditions).toMatchObject([
      { type: 'Approved' },
      { type: 'Failed', reason: 'Broken', message: 'no key' },
    ]);
  });

  it('never answers', async () => {
    signing = new Signing();
    signing.faults.set({ kind: 'never' });
    signing.approve();
    await signing.signer.stop();
    expect(signing.certificate).toBeUndefined();
  });

  it('replaces a certificate that it gave out', async () => {
    signing = new Signing();
    signing.faults.set({ kind: 'changed-after-issue', afterMs: 100 });
    signing.approve();
    const first = await signing.settled();
    await signing.world.clock.advance(100);
    for (let turn = 0; turn < 500 && signing.issued.length < 2; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([signing.issued.length, signing.certificate === first]).toEqual([2, false]);
  });
});
