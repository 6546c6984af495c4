import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LayeredMesh } from '../../../src/mesh/layered-mesh.ts';
import { SpiffeBundleRoots } from '../../../src/mesh/spiffe-bundle-roots.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { TestAuthority } from '../../support/test-authority.ts';
import { bundleOf, rootKey } from './spiffe-bundles.ts';

const signer = 'a.b/foo';
const url = 'https://bundles.example.com/foo';
const minute = 60_000;
let stated: TestAuthority;
let fetched: TestAuthority;
let newer: TestAuthority;

beforeAll(async () => {
  const now = Date.UTC(2026, 0, 1);
  stated = await TestAuthority.make('stated', now);
  fetched = await TestAuthority.make('fetched', now);
  newer = await TestAuthority.make('newer', now);
});

let clock: FakeClock;
let log: RecordingLogger;
let mesh: LayeredMesh;
let roots: SpiffeBundleRoots;
let answer: () => Promise<string>;
let asked: string[];
const { signal } = new AbortController();

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLogger();
  mesh = new LayeredMesh({ shared: false, trustUnboundRoots: false, clock, log });
  asked = [];
  answer = () => Promise.resolve(bundleOf([rootKey(fetched)]));
  const download = (from: URL): Promise<string> => {
    asked.push(from.href);
    return answer();
  };
  roots = new SpiffeBundleRoots({ mesh, download, clock, random: () => 0, log });
});

afterEach(async () => {
  await roots.stop();
});

function tell(entry: Record<string, unknown>): void {
  mesh.replace('main', JSON.stringify({ caCertificates: [{ certSigners: [signer], ...entry }] }));
}

function names(): readonly string[] {
  const known = { stated, fetched, newer };
  const { trust } = roots.current();
  return trust
    .anchorsOf(signer)
    .flatMap(({ pem }) =>
      Object.entries(known).flatMap(([name, each]) => (each.certificatePem === pem ? [name] : [])),
    );
}

describe('SpiffeBundleRoots', () => {
  it('asks nobody where no URL is named', async () => {
    tell({ pem: stated.certificatePem });
    await roots.start(signal);
    expect(names()).toEqual(['stated']);
    expect(roots.current()).toMatchObject({ generation: 1 });
    expect(asked).toEqual([]);
  });

  it('adds the roots of a URL to those that are spelt out', async () => {
    tell({ pem: stated.certificatePem, spiffeBundleUrl: url });
    expect(names()).toEqual(['stated']);
    const before = roots.current().generation;
    await roots.start(signal);
    expect(names()).toEqual(['stated', 'fetched']);
    expect(roots.current().generation).toBe(before + 1);
    expect(asked).toEqual([url]);
  });

  it('gives them to the signers of that entry alone', async () => {
    tell({ spiffeBundleUrl: url });
    await roots.start(signal);
    expect(roots.current().trust.signerNames).toEqual([signer]);
  });

  it('starts without them where the URL does not answer in time', async () => {
    answer = () => new Promise<string>(() => undefined);
    tell({ pem: stated.certificatePem, spiffeBundleUrl: url });
    const started = roots.start(signal);
    await clock.advance(10_000);
    await started;
    expect(names()).toEqual(['stated']);
    expect(log.lines.at(-1)?.message).toContain('cannot be had; there are none yet');
  });

  it('reads them again after half an hour', async () => {
    tell({ spiffeBundleUrl: url });
    await roots.start(signal);
    answer = () => Promise.resolve(bundleOf([rootKey(newer)]));
    await clock.advance(29 * minute);
    expect(names()).toEqual(['fetched']);
    await clock.advance(minute);
    expect(names()).toEqual(['newer']);
  });

  it.each([
    [300, 5 * minute],
    [1, minute],
    [7200, 30 * minute],
  ])('heeds a hint of %d s as far as it is sensible', async (hint, waitMs) => {
    answer = () => Promise.resolve(bundleOf([], { spiffe_refresh_hint: hint }));
    tell({ spiffeBundleUrl: url });
    await roots.start(signal);
    await clock.advance(waitMs - 1);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['does not answer', () => Promise.reject(new Error('refused'))],
    ['answers with something else', () => Promise.resolve('<html>')],
    [
      'answers with a root that cannot be read',
      () => Promise.resolve(bundleOf([{ use: 'x509-svid' }])),
    ],
  ])('keeps the last good ones while the URL %s', async (_what, bad) => {
    tell({ spiffeBundleUrl: url });
    await roots.start(signal);
    answer = bad;
    await clock.advance(31 * minute);
    expect(names()).toEqual(['fetched']);
    expect(log.lines.some(({ message }) => message.endsWith('the last ones stay'))).toBe(true);
  });

  it('withdraws those that the publisher withdrew', async () => {
    tell({ pem: stated.certificatePem, spiffeBundleUrl: url });
    await roots.start(signal);
    answer = () => Promise.resolve(bundleOf([]));
    await clock.advance(30 * minute);
    expect(names()).toEqual(['stated']);
  });

  it('withdraws those of a URL that is named no more, at once', async () => {
    tell({ pem: stated.certificatePem, spiffeBundleUrl: url });
    await roots.start(signal);
    tell({ pem: stated.certificatePem });
    expect(names()).toEqual(['stated']);
    await clock.advance(60 * minute);
    expect(asked).toEqual([url]);
  });

  it('asks a URL that is new though nobody wants a certificate', async () => {
    tell({ pem: stated.certificatePem });
    await roots.start(signal);
    tell({ pem: stated.certificatePem, spiffeBundleUrl: url });
    await clock.advance(2_000);
    expect(asked).toEqual([url]);
  });

  it('gives out the same snapshot while nothing changes', async () => {
    tell({ spiffeBundleUrl: url });
    await roots.start(signal);
    const before = roots.current();
    await clock.advance(31 * minute);
    expect(roots.current()).toBe(before);
  });

  it('does without the roots of a URL when they are too many together', async () => {
    const many = await Promise.all(
      Array.from({ length: 16 }, (_, at) => TestAuthority.make(`r${at}`, clock.now())),
    );
    answer = () => Promise.resolve(bundleOf(many.map(rootKey)));
    tell({ pem: stated.certificatePem, spiffeBundleUrl: url });
    await roots.start(signal);
    expect(names()).toEqual(['stated']);
    expect(log.lines.at(-1)?.message).toBe('roots of spiffeBundleUrls are not used');
  });

  it('ends an answer under way when it is stopped', async () => {
    answer = () => new Promise<string>(() => undefined);
    tell({ spiffeBundleUrl: url });
    const started = roots.start(signal);
    await settle();
    await roots.stop();
    await started;
    expect(asked).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
