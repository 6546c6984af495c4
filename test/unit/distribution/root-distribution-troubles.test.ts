import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { aWriteRefusal } from '../../support/fake-config-maps.ts';
import { RunningDistribution } from './running-distribution.ts';

let mesh: RunningDistribution;

const selected = { mesh: 'yes' };

beforeEach(() => {
  mesh = new RunningDistribution();
  mesh.maps.namespace('shop', selected);
});

afterEach(() => mesh.stop());

function applied(namespace = 'shop'): number {
  return mesh.maps.calls.filter((call) => call === `apply ${namespace}`).length;
}

describe('an API server that fails', () => {
  it('is asked again, ever more slowly', async () => {
    mesh.maps.errors.set('*', aWriteRefusal(500, 'InternalError'));
    await mesh.start();
    await mesh.clock.advance(298_000);
    expect(applied()).toBeGreaterThan(10);
    expect(applied()).toBeLessThan(30);
  });

  it('is written to once it works again, and both are said once', async () => {
    mesh.maps.errors.set('*', aWriteRefusal(undefined, 'ConnectionFailed'));
    await mesh.start();
    await mesh.clock.advance(60_000);
    expect(mesh.running.status()).toMatchObject({
      progress: { namespaces: 1, right: 0, pending: 1 },
      lastError: { reason: 'ConnectionFailed' },
    });
    mesh.maps.errors.clear();
    await mesh.clock.advance(30_000);
    expect(mesh.maps.texts.get('shop')).toBe('roots one');
    expect(mesh.running.status().lastError).toBeUndefined();
    const said = mesh.log.lines.filter(({ level }) => level !== 'debug');
    expect(said.map(({ message }) => message)).toEqual([
      'the roots could not be written and will be again',
      'roots are written again',
    ]);
  });

  it('with one namespace does not hold up the others', async () => {
    mesh.maps.errors.set('shop', aWriteRefusal(500, 'InternalError'));
    mesh.maps.namespace('bank', selected);
    await mesh.start();
    expect(mesh.maps.texts.get('bank')).toBe('roots one');
  });

  it('that never answers is given up after 10 s', async () => {
    let isAborted = false;
    await mesh.start({
      writes: {
        applyEntry: (_kind, _entry, signal) =>
          new Promise(() => {
            signal.addEventListener('abort', () => (isAborted = true));
          }),
        removeEntry: () => Promise.resolve(),
      },
    });
    await mesh.clock.advance(10_100);
    expect(isAborted).toBe(true);
    expect(mesh.running.status().lastError).toMatchObject({
      message: 'no answer to a write within 10000 ms',
    });
  });
});

describe('a missing right', () => {
  const message =
    'configmaps "istio-ca-root-cert" is forbidden: User "ra" cannot patch resource "configmaps"';

  beforeEach(async () => {
    mesh.maps.errors.set('*', aWriteRefusal(403, 'Forbidden', message));
    mesh.maps.namespace('bank', selected);
    await mesh.start();
  });

  it('is named once', async () => {
    await mesh.clock.advance(600_000);
    const said = mesh.log.lines.filter(({ level }) => level === 'warn');
    expect(said).toHaveLength(1);
    expect(said[0]?.fields).toMatchObject({ missing: 'patch configmaps in all namespaces' });
  });

  it('is not tried all the time', async () => {
    await mesh.clock.advance(290_000);
    expect(applied()).toBe(1);
  });

  it('is noticed when it is given', async () => {
    mesh.maps.errors.clear();
    await mesh.clock.advance(300_000);
    expect(mesh.maps.texts.get('shop')).toBe('roots one');
  });
});

describe('a namespace that goes while it is written to', () => {
  it.each([
    [404, 'NotFound', 'namespaces "shop" not found'],
    [403, 'Forbidden', 'unable to create new content in namespace shop: it is being terminated'],
  ])('is left alone without a word after %p %s', async (status, reason, message) => {
    mesh.maps.errors.set('shop', aWriteRefusal(status, reason, message));
    await mesh.start();
    mesh.maps.deleteNamespace('shop');
    await mesh.clock.advance(120_000);
    expect(applied()).toBe(1);
    expect(mesh.warnings).toEqual([]);
  });
});

describe('a conflict on taking away', () => {
  it('is followed by a look at what it is now', async () => {
    await mesh.start();
    mesh.maps.errors.set('shop', aWriteRefusal(409, 'Conflict'));
    mesh.maps.namespace('shop');
    await mesh.clock.advance(100);
    mesh.maps.errors.clear();
    await mesh.clock.advance(2000);
    expect(mesh.maps.texts.has('shop')).toBe(false);
  });
});

describe('another writer who corrects us at once', () => {
  beforeEach(async () => {
    mesh.maps.onApplied = (namespace) => {
      mesh.maps.edit(namespace, 'roots of istiod');
    };
    await mesh.start();
  });

  it('is corrected once a minute after the sixth time', async () => {
    const before = applied();
    expect(before).toBe(6);
    await mesh.clock.advance(600_000);
    expect(applied() - before).toBe(10);
  });

  it('is named in one warning that says what to do', async () => {
    await mesh.clock.advance(3_600_000);
    const said = mesh.log.lines.filter(({ level }) => level === 'warn');
    expect(said).toHaveLength(1);
    expect(said[0]?.message).toContain('ENABLE_CA_SERVER=false');
    expect(said[0]?.fields).toMatchObject({ namespace: 'shop', manager: 'pilot-discovery' });
  });

  it('is counted', async () => {
    await mesh.clock.advance(3_600_000);
    expect(mesh.running.status().flapping).toBe(1);
  });

  it('is forgotten when it has stopped for ten minutes', async () => {
    mesh.maps.onApplied = () => undefined;
    await mesh.clock.advance(700_000);
    const before = applied();
    mesh.maps.edit('shop', 'roots of somebody');
    await mesh.clock.advance(100);
    expect(applied() - before).toBe(1);
  });
});

describe('5,000 namespaces', () => {
  beforeEach(async () => {
    for (let at = 0; at < 5000; at += 1) mesh.maps.namespace(`ns-${at}`, selected);
    await mesh.start();
  });

  it('have the roots within a minute, at 100 writes a second', async () => {
    const early = mesh.running.status().progress?.right ?? 0;
    await mesh.clock.advance(58_000);
    expect(mesh.running.status().progress).toEqual({ namespaces: 5001, right: 5001, pending: 0 });
    expect(mesh.maps.calls).toHaveLength(5001);
    expect(early).toBeLessThanOrEqual(220);
  });
});
