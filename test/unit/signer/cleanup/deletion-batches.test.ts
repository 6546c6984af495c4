import { beforeEach, describe, expect, it } from '@jest/globals';
import { DeletionBatches } from '../../../../src/signer/cleanup/deletion-batches.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const foo = 'clusterissuers.cert-manager.io/foo';
const bar = 'clusterissuers.cert-manager.io/bar';
let clock: FakeClock;
let isBusy: boolean;
let whole: { readonly batch: string; readonly names: readonly string[] }[];
let single: string[];
let batches: DeletionBatches;

beforeEach(() => {
  clock = new FakeClock();
  isBusy = true;
  whole = [];
  single = [];
  batches = new DeletionBatches({
    clock,
    isBusy: () => isBusy,
    onBatch: (batch, members) => whole.push({ batch, names: members.map(({ name }) => name) }),
    onSingle: ({ name }) => single.push(name),
  });
});

function join(count: number, signer = foo, prefix = 'ra'): string[] {
  return Array.from({ length: count }, (_, at) => {
    batches.join(`${prefix}-${at}`, signer);
    return `${prefix}-${at}`;
  });
}

function serve(names: readonly string[]): boolean[] {
  return names.map((name) => batches.collect({ name, uid: `uid-${name}` }));
}

describe('objects that serve while much is going on', () => {
  it('are removed together when the last of twenty-five has served', () => {
    const names = join(25);
    serve(names.slice(0, 24));
    expect(whole).toHaveLength(0);

    serve(names.slice(24));

    expect(whole.map(({ names: removed }) => removed)).toEqual([names]);
    expect(single).toHaveLength(0);
    expect(batches.waiting).toBe(0);
  });

  it('bear a label that those after them do not bear', () => {
    const labels = new Set(
      Array.from({ length: 50 }, (_, at) => batches.join(`ra-${at}`, foo) ?? ''),
    );

    expect(labels.size).toBe(2);
  });

  it('go with others of their own signer alone', () => {
    const ofFoo = join(25, foo, 'foo');
    const ofBar = join(10, bar, 'bar');
    serve(ofFoo);

    expect(whole.map(({ names }) => names)).toEqual([ofFoo]);
    expect(serve(ofBar.slice(0, 1))).toEqual([true]);
  });

  it('are removed one by one after three seconds when one of them has not served', async () => {
    const names = join(25);
    serve(names.slice(1));

    await clock.advance(3_500);

    expect(single).toEqual(names.slice(1));
    expect(whole).toHaveLength(0);
  });

  it('leave the one that has not served to be removed by itself, later', async () => {
    const [late = '', ...names] = join(25);
    serve(names);
    await clock.advance(3_500);

    serve([late]);
    await clock.advance(4_000);

    expect(single).toEqual([...names, late]);
  });

  it('need not wait for a name under which nothing was created', () => {
    const [unused = '', ...names] = join(25);
    serve(names);
    batches.leave(unused);

    expect(whole.map(({ names: removed }) => removed)).toEqual([names]);
  });

  it('are removed together, though fewer than twenty-five, when it becomes quiet', async () => {
    const names = join(10);
    serve(names);
    isBusy = false;

    await clock.advance(600);

    expect(whole.map(({ names: removed }) => removed)).toEqual([names]);
  });

  it('are removed one by one when they are three or fewer', async () => {
    const names = join(3);
    serve(names);

    await clock.advance(3_500);

    expect(single).toEqual(names);
  });

  it('are handed over by a stop', () => {
    const names = join(20);
    serve(names);

    batches.stop();

    expect([...single]).toEqual(names);
    expect(batches.waiting).toBe(0);
  });
});

describe('an object that serves while little is going on', () => {
  it('is removed by whoever asks, at once', () => {
    const names = join(1);
    isBusy = false;

    expect(serve(names)).toEqual([false]);
  });
});

describe('an object that never joined', () => {
  it('is removed by whoever asks', () => {
    expect(serve(['ra-of-another'])).toEqual([false]);
  });
});

describe('batches without number', () => {
  it('are bounded: what comes beyond has none', () => {
    const labels = Array.from({ length: 2_001 }, (_, at) => batches.join(`ra-${at}`, `a.b/s${at}`));

    expect(labels.at(-1)).toBeUndefined();
    expect(labels[0]).toMatch(/^[0-9a-f]{20}$/);
  });
});
