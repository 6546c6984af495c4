import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RunningDistribution } from './running-distribution.ts';

let mesh: RunningDistribution;

const selected = { mesh: 'yes' };

beforeEach(() => {
  mesh = new RunningDistribution();
  mesh.maps.namespace('shop', selected);
  mesh.maps.namespace('bank', selected);
  mesh.maps.namespace('other');
});

afterEach(() => mesh.stop());

function texts(): Readonly<Record<string, string>> {
  return Object.fromEntries([...mesh.maps.texts].toSorted());
}

describe('at the start', () => {
  it('every namespace that is selected gets the roots', async () => {
    await mesh.start();
    expect(texts()).toEqual({ bank: 'roots one', shop: 'roots one' });
  });

  it('what is right already is not written again', async () => {
    mesh.maps.edit('shop', 'roots one');
    await mesh.start();
    expect(mesh.maps.calls).toEqual(['apply bank']);
  });

  it('what lacks the label is', async () => {
    mesh.maps.edit('shop', 'roots one', { isLabelled: false });
    await mesh.start();
    expect(mesh.maps.calls.toSorted()).toEqual(['apply bank', 'apply shop']);
  });

  it.each(['kube-public', 'kube-node-lease', 'local-path-storage'])(
    '%s is left alone',
    async (name) => {
      mesh.maps.namespace(name, selected);
      await mesh.start();
      expect(mesh.maps.texts.has(name)).toBe(false);
    },
  );

  it('kube-system gets them, since ztunnel may run there', async () => {
    mesh.maps.namespace('kube-system', selected);
    await mesh.start();
    expect(mesh.maps.texts.get('kube-system')).toBe('roots one');
  });

  it('a namespace that goes gets nothing', async () => {
    mesh.maps.namespace('leaving', selected, 'Terminating');
    await mesh.start();
    expect(mesh.maps.texts.has('leaving')).toBe(false);
  });

  it('nothing is written before what is there is known', async () => {
    mesh.maps.entries.listError = new Error('not yet');
    await mesh.start();
    expect(mesh.maps.calls).toEqual([]);
  });
});

describe('later', () => {
  beforeEach(() => mesh.start());

  it('a new namespace gets the roots', async () => {
    mesh.maps.namespace('new', selected);
    await mesh.clock.advance(100);
    expect(mesh.maps.texts.get('new')).toBe('roots one');
  });

  it('a namespace that comes to be selected gets them', async () => {
    mesh.maps.namespace('other', selected);
    await mesh.clock.advance(100);
    expect(mesh.maps.texts.get('other')).toBe('roots one');
  });

  it('the roots are taken from a namespace that is selected no more', async () => {
    mesh.maps.namespace('shop');
    await mesh.clock.advance(100);
    expect(texts()).toEqual({ bank: 'roots one' });
  });

  it('the roots go where the selection has changed', async () => {
    mesh.selectors = { mesh: 'another' };
    await mesh.clock.advance(2000);
    expect(texts()).toEqual({});
  });

  it('what another has written since stays where a namespace is selected no more', async () => {
    mesh.leadership.isLeader = false;
    mesh.maps.edit('shop', 'roots of another');
    mesh.maps.namespace('shop');
    mesh.leadership.isLeader = true;
    await mesh.clock.advance(2000);
    expect(mesh.maps.texts.get('shop')).toBe('roots of another');
  });

  it('what somebody edits is corrected', async () => {
    mesh.maps.edit('shop', 'roots of another');
    await mesh.clock.advance(100);
    expect(mesh.maps.texts.get('shop')).toBe('roots one');
  });

  it('what somebody deletes is made anew', async () => {
    mesh.maps.deleteEntry('shop');
    await mesh.clock.advance(100);
    expect(mesh.maps.texts.get('shop')).toBe('roots one');
  });

  it('new roots are written everywhere', async () => {
    mesh.bundle = 'roots two';
    await mesh.clock.advance(1100);
    expect(texts()).toEqual({ bank: 'roots two', shop: 'roots two' });
  });

  it('new roots are written at once where it is told of them', async () => {
    mesh.bundle = 'roots two';
    mesh.running.refresh();
    await mesh.clock.advance(0);
    expect(texts()).toEqual({ bank: 'roots two', shop: 'roots two' });
  });

  it('nothing is written in a namespace that has gone', async () => {
    mesh.maps.deleteNamespace('shop');
    mesh.bundle = 'roots two';
    await mesh.clock.advance(60_000);
    expect(mesh.maps.calls.filter((call) => call === 'apply shop')).toHaveLength(1);
  });

  it('a namespace that was made anew under its name gets them again', async () => {
    mesh.maps.deleteNamespace('shop');
    mesh.maps.namespace('shop', selected);
    await mesh.clock.advance(1100);
    expect(mesh.maps.texts.get('shop')).toBe('roots one');
  });

  it('how far it has come can be asked', () => {
    expect(mesh.running.status()).toEqual({
      progress: { namespaces: 2, right: 2, pending: 0 },
      flapping: 0,
      lastError: undefined,
    });
  });

  it('no timer is left behind when it is stopped', async () => {
    await mesh.stop();
    expect(mesh.clock.pendingTimers).toBe(0);
  });
});

describe('while no root is known', () => {
  it('nothing is written, and it is said once', async () => {
    mesh.bundle = undefined;
    await mesh.start();
    await mesh.clock.advance(60_000);
    expect(mesh.maps.calls).toEqual([]);
    expect(mesh.warnings).toEqual(['no roots are written for clients, since none is known yet']);
  });

  it('nothing is taken away that was written before', async () => {
    await mesh.start();
    mesh.bundle = undefined;
    mesh.running.refresh();
    mesh.maps.namespace('shop');
    await mesh.clock.advance(60_000);
    expect(mesh.maps.texts.get('shop')).toBe('roots one');
  });

  it('the roots are awaited, and written at once', async () => {
    mesh.bundle = undefined;
    await mesh.start();
    mesh.bundle = 'roots one';
    await mesh.clock.advance(1100);
    expect(texts()).toEqual({ bank: 'roots one', shop: 'roots one' });
  });
});

describe('a replica that does not lead', () => {
  it('watches nothing and writes nothing', async () => {
    mesh.leadership.isLeader = false;
    await mesh.start();
    expect(mesh.maps.calls).toEqual([]);
    expect([mesh.maps.namespaces.watchers, mesh.maps.entries.watchers]).toEqual([0, 0]);
    expect(mesh.running.status().progress).toBeUndefined();
  });

  it('begins when it comes to lead', async () => {
    mesh.leadership.isLeader = false;
    await mesh.start();
    mesh.leadership.isLeader = true;
    await mesh.clock.advance(100);
    expect(texts()).toEqual({ bank: 'roots one', shop: 'roots one' });
  });

  it('ends when it leads no more', async () => {
    await mesh.start();
    mesh.leadership.isLeader = false;
    mesh.maps.edit('shop', 'roots of the new leader');
    await mesh.clock.advance(60_000);
    expect(mesh.maps.texts.get('shop')).toBe('roots of the new leader');
    expect(mesh.maps.entries.watchers).toBe(0);
  });
});
