import { describe, expect, it } from '@jest/globals';
import { ServingCertificateFromSigner } from '../../../src/serving/serving-certificate-from-signer.ts';
import type { ServedCertificate } from '../../../src/serving/serving-certificate-source.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const hourMs = 3_600_000;
const names = ['istiod.mesh.svc'];

/** A source whose certificates live for two hours, from an issuer that can be told to fail. */
function aSource(random = 0.5) {
  const [clock, log] = [new FakeClock(), new RecordingLogger()];
  const roots = new Set(['root']);
  const state = { failure: undefined as Error | undefined, anchor: 'root' };
  const askedAt: number[] = [];
  const start = clock.now();
  const issuer = {
    hasRoot: (sha256: string) => roots.has(sha256),
    issue: () => {
      askedAt.push(clock.now() - start);
      if (state.failure !== undefined) return Promise.reject(state.failure);
      const now = clock.now();
      const served = {
        ...{ certificateChainPem: `chain ${askedAt.length}`, privateKeyPem: 'key' },
        ...{ notBefore: now, notAfter: now + 2 * hourMs, dnsNames: names, serialNumber: '01' },
      };
      return Promise.resolve({ served, anchorSha256: state.anchor, dueAt: now + hourMs });
    },
  };
  const options = { issuer, dnsNames: names, clock, random: () => random, log };
  const source = new ServingCertificateFromSigner(options);
  const taken: ServedCertificate[] = [];
  source.onChange((certificate) => taken.push(certificate));
  const warnings = () => log.lines.filter(({ level }) => level === 'warn');
  return { source, clock, state, roots, askedAt, taken, warnings };
}

describe('the serving certificate from a signer', () => {
  it('is not there, and says so, until the signer has answered', async () => {
    const { source, clock, taken } = aSource();
    expect(source.current()).toBeUndefined();
    expect(source.notReadyBecause()).toBe(
      'there is no serving certificate: the signer has not answered yet',
    );

    source.start();
    await clock.advance(0);

    expect(source.notReadyBecause()).toBeUndefined();
    expect(taken).toEqual([source.current()]);
    await source.stop();
  });

  it('is renewed at half its life and not before', async () => {
    const { source, clock, askedAt } = aSource();
    source.start();
    await clock.advance(hourMs - 5_000);
    expect(askedAt).toEqual([0]);
    await clock.advance(10_000);

    expect(askedAt).toEqual([0, hourMs]);
    expect(source.current()?.certificateChainPem).toBe('chain 2');
    await source.stop();
  });

  it.each([
    [0, 0.95],
    [0.999_999, 1.05],
  ])('is renewed a twentieth earlier or later by chance (%d)', async (random, factor) => {
    const { source, clock, askedAt } = aSource(random);
    source.start();
    await clock.advance(factor * hourMs - 5_000);
    expect(askedAt).toHaveLength(1);
    await clock.advance(10_000);

    expect(askedAt).toHaveLength(2);
    await source.stop();
  });

  it('is renewed at once when its root leaves the mesh config', async () => {
    const { source, clock, state, roots, askedAt } = aSource();
    source.start();
    await clock.advance(60_000);
    roots.delete('root');
    roots.add('next root');
    state.anchor = 'next root';
    await clock.advance(5_000);
    expect(askedAt).toHaveLength(2);
    await clock.advance(60_000);

    expect(askedAt).toHaveLength(2);
    await source.stop();
  });

  it('is asked for again without a signer, ever more seldom and never without a pause', async () => {
    const { source, clock, state, askedAt } = aSource(0.999_999);
    state.failure = new Error('the signer is down');
    source.start();
    await clock.advance(hourMs);
    const pauses = askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? 0));

    expect(pauses.slice(0, 4).map((ms) => Math.round(ms / 1_000))).toEqual([2, 3, 5, 9]);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(300_000);
    expect(source.notReadyBecause()).toBe('there is no serving certificate: the signer is down');
    await source.stop();
  });

  it('waits a second between two tries whatever chance says', async () => {
    const { source, clock, state, askedAt } = aSource(0);
    state.failure = new Error('the signer is down');
    source.start();
    await clock.advance(10_000);

    expect(askedAt).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((second) => second * 1_000));
    await source.stop();
  });

  it('comes when the signer comes', async () => {
    const { source, clock, state } = aSource();
    state.failure = new Error('the signer is down');
    source.start();
    await clock.advance(60_000);
    state.failure = undefined;
    await clock.advance(300_000);

    expect(source.notReadyBecause()).toBeUndefined();
    await source.stop();
  });

  it('stays while the signer is down at its renewal, and a warning says until when', async () => {
    const { source, clock, state, warnings } = aSource();
    source.start();
    await clock.advance(60_000);
    const old = source.current();
    state.failure = new Error('the signer is down');
    await clock.advance(hourMs);

    expect(source.current()).toBe(old);
    expect(source.notReadyBecause()).toBeUndefined();
    expect(warnings()[0]).toMatchObject({
      message: 'serving certificate not renewed, the old one stays',
      fields: { servedUntil: new Date(old?.notAfter ?? 0).toISOString() },
    });
    await clock.advance(hourMs);
    expect(source.notReadyBecause()).toContain('the serving certificate expired at');
    await source.stop();
  });

  it('leaves nothing behind when it is stopped', async () => {
    const { source, clock } = aSource();
    source.start();
    await clock.advance(1_000);
    await source.stop();

    expect(clock.pendingTimers).toBe(0);
  });
});
