import { beforeEach, describe, expect, it } from '@jest/globals';
import type { SigningOrder } from '../../../../src/ra/signer.ts';
import { SignerLimiter } from '../../../../src/signer/limits/signer-limiter.ts';
import type { SignerLoad, SigningPermit } from '../../../../src/signer/limits/signer-limiter.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { anOrder } from '../../../support/orders.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

let clock: FakeClock;
let limiter: SignerLimiter;
let inside: SigningPermit[];

beforeEach(() => {
  clock = new FakeClock();
  limiter = new SignerLimiter({ clock, random: () => 0.5, log: new RecordingLogger() });
  inside = [];
});

async function orderOf(namespace: string): Promise<SigningOrder> {
  return (await anOrder(clock, { namespace })).order;
}

async function take(order: SigningOrder, times: number): Promise<void> {
  const { signal } = new AbortController();
  for (let time = 0; time < times; time += 1) {
    void limiter.acquire(order, signal).then((permit) => inside.push(permit));
  }
  await settle();
}

/** The signer answers each hundredth of a second, and whoever has its certificate asks again. */
async function answer(order: SigningOrder, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await clock.advance(10);
    inside.shift()?.release('issued');
    await take(order, 1);
  }
}

function load(): SignerLoad {
  const [found] = limiter.loads();
  if (found === undefined) throw new Error('no signer was asked');
  return found;
}

describe('requests that lie with a signer', () => {
  it('are many where one namespace alone has many', async () => {
    const flood = await orderOf('foo');
    await take(flood, 100);
    await answer(flood, 400);
    expect(load().inFlight).toBeGreaterThan(40);
  });

  it('become few when another namespace asks for little, and many again when it has gone', async () => {
    const flood = await orderOf('foo');
    const lowVolume = await orderOf('bar');
    await take(flood, 100);
    await answer(flood, 400);
    await take(lowVolume, 1);
    await answer(flood, 100);
    expect(load().inFlight).toBeLessThan(12);
    await clock.advance(10_000);
    await answer(flood, 100);
    expect(load().inFlight).toBeGreaterThan(40);
  });

  it('let a namespace that asks for little go next', async () => {
    const flood = await orderOf('foo');
    const lowVolume = await orderOf('bar');
    await take(flood, 100);
    const { inFlight } = load();
    const isIn = limiter.acquire(lowVolume, new AbortController().signal).then(() => 'in');
    await answer(flood, inFlight);
    await expect(Promise.race([isIn, settle()])).resolves.toBe('in');
    expect(load().waiting).toBeGreaterThan(50);
  });
});
