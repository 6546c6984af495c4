import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startTrustBundleWriter } from '../../../src/distribution/trust-bundle-writer.ts';
import type { TrustBundleWriter } from '../../../src/distribution/trust-bundle-writer.ts';
import { TrustBundle } from '../../../src/mesh/trust-bundle.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeLeadership } from '../../support/fake-leadership.ts';
import { FakeTrustBundles } from '../../support/fake-trust-bundles.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { TestAuthority } from '../../support/test-authority.ts';

let shopRoot: string;
let bankRoot: string;
let clock: FakeClock;
let bundles: FakeTrustBundles;
let leadership: FakeLeadership;
let log: RecordingLogger;
let trust: TrustBundle | undefined;
let writer: TrustBundleWriter;

const shop = 'issuers.cert-manager.io/shop.ca';
const bank = 'issuers.cert-manager.io/bank.ca';
const shopName = 'issuers.cert-manager.io:shop.ca:istio-ra';
const bankName = 'issuers.cert-manager.io:bank.ca:istio-ra';

beforeAll(async () => {
  const now = Date.UTC(2026, 0, 1);
  shopRoot = (await TestAuthority.make('shop', now)).certificatePem;
  bankRoot = (await TestAuthority.make('bank', now)).certificatePem;
});

beforeEach(() => {
  clock = new FakeClock();
  bundles = new FakeTrustBundles();
  leadership = new FakeLeadership();
  log = new RecordingLogger();
  trust = trustOf({ [shop]: shopRoot, [bank]: bankRoot });
});

afterEach(() => writer.stop());

function trustOf(roots: Readonly<Record<string, string>>): TrustBundle {
  return TrustBundle.of(
    Object.entries(roots).map(([signer, pem]) => ({ pem, certSigners: [signer] })),
  );
}

async function start(): Promise<void> {
  const random = (): number => 0.5;
  writer = startTrustBundleWriter({ leadership, bundles, trust: () => trust, clock, random, log });
  await clock.advance(0);
}

function written(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...bundles.stored.values()].map(({ name, trustBundle }) => [name, trustBundle]),
  );
}

function warnings(): readonly unknown[] {
  return log.lines.filter(({ level }) => level === 'warn');
}

describe('the leader', () => {
  it('writes each signer its own roots, under its name', async () => {
    await start();
    expect(written()).toEqual({ [shopName]: shopRoot, [bankName]: bankRoot });
    expect(bundles.stored.get(shopName)?.signerName).toBe(shop);
    expect(writer.progress()).toEqual({ isServed: true, signers: 2, right: 2 });
  });

  it('writes nothing that is right', async () => {
    await start();
    await clock.advance(600_000);
    expect(bundles.calls.filter((call) => call.startsWith('apply'))).toHaveLength(2);
  });

  it('follows a change within two seconds', async () => {
    await start();
    trust = trustOf({ [shop]: shopRoot + bankRoot, [bank]: bankRoot });
    await clock.advance(2000);
    expect(written()[shopName]).toBe(shopRoot + bankRoot);
  });

  it('takes away what it wrote for a signer that is no more', async () => {
    await start();
    trust = trustOf({ [bank]: bankRoot });
    await clock.advance(2000);
    expect(written()).toEqual({ [bankName]: bankRoot });
  });

  it.each([
    ['that another has changed since', { name: 'x.y:z:istio-ra', isOurs: false }],
    ['of another name', { name: 'x.y:z:somebody', isOurs: true }],
  ])('leaves a bundle %s', async (_, change) => {
    bundles.put({ signerName: 'x.y/z', trustBundle: shopRoot, ...change });
    await start();
    expect(bundles.stored.has(change.name)).toBe(true);
  });

  it('corrects within a minute what somebody has edited', async () => {
    await start();
    bundles.put({ name: shopName, signerName: shop, trustBundle: bankRoot, isOurs: false });
    await clock.advance(61_000);
    expect(written()[shopName]).toBe(shopRoot);
  });

  it('does nothing while the roots are not known', async () => {
    trust = undefined;
    bundles.put({ name: shopName, signerName: shop, trustBundle: shopRoot, isOurs: true });
    await start();
    await clock.advance(120_000);
    expect(bundles.calls).toEqual([]);
  });
});

describe('a replica that does not lead', () => {
  it('does nothing', async () => {
    leadership.isLeader = false;
    await start();
    await clock.advance(120_000);
    expect(bundles.calls).toEqual([]);
    expect(writer.progress()).toBeUndefined();
  });
});

describe('an API server without the resource', () => {
  beforeEach(async () => {
    bundles.served = false;
    await start();
  });

  it('is told of once, and asked again every ten minutes', async () => {
    await clock.advance(3_590_000);
    expect(bundles.calls).toEqual(Array.from({ length: 6 }, () => 'isServed'));
    expect(warnings()).toHaveLength(1);
  });

  it('that has it later is written to', async () => {
    bundles.served = true;
    await clock.advance(601_000);
    expect(written()).toEqual({ [shopName]: shopRoot, [bankName]: bankRoot });
  });
});

describe('a signer that we may not attest for', () => {
  beforeEach(async () => {
    bundles.errors.set(`apply ${shopName}`, FakeTrustBundles.refusal(403, 'Forbidden'));
    await start();
  });

  it('does not keep the others from their bundle', () => {
    expect(written()).toEqual({ [bankName]: bankRoot });
    expect(writer.progress()).toMatchObject({ signers: 2, right: 1 });
    expect(writer.lastError()).toMatchObject({ status: 403 });
  });

  it('is named once, with the right that is missing', async () => {
    await clock.advance(600_000);
    expect(warnings()).toEqual([
      expect.objectContaining({
        fields: expect.objectContaining({
          signerName: shop,
          missing: `patch and create clustertrustbundles, and attest on the signer ${shop}`,
        }),
      }),
    ]);
  });
});

describe('an API server that fails', () => {
  it('is asked again ever more slowly, and one warning is enough', async () => {
    bundles.errors.set('list', FakeTrustBundles.refusal(500, 'InternalError'));
    await start();
    await clock.advance(300_000);
    expect(bundles.calls.length).toBeLessThan(25);
    expect(warnings()).toHaveLength(1);
    bundles.errors.clear();
    await clock.advance(62_000);
    expect(written()).toEqual({ [shopName]: shopRoot, [bankName]: bankRoot });
    expect(writer.lastError()).toBeUndefined();
  });

  it('is given up after 10 s without an answer', async () => {
    bundles.list = () => new Promise(() => undefined);
    await start();
    await clock.advance(10_100);
    expect(writer.lastError()).toMatchObject({
      message: 'no answer about ClusterTrustBundles in 10000 ms',
    });
  });

  it('that has lost the resource is noticed', async () => {
    await start();
    bundles.served = false;
    bundles.errors.set('list', FakeTrustBundles.refusal(404, 'NotFound'));
    await clock.advance(120_000);
    expect(writer.progress()?.isServed).toBe(false);
  });
});
