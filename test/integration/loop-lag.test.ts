import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LoopLag } from '../../src/base/loop-lag.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

/** An event loop that lags as long as a test says. */
class LaggingLoop {
  readonly #clock = new FakeClock();
  #lagMs = 0;
  readonly lag: LoopLag;

  constructor() {
    const delayNs = (): number => (this.#lagMs + 10) * 1e6;
    const histogram = {
      get max() {
        return delayNs();
      },
      percentile: delayNs,
      reset: () => undefined,
      enable: () => true,
      disable: () => true,
    };
    this.lag = new LoopLag({ clock: this.#clock, histogram });
    this.lag.start();
  }

  async run(lagMs: number, seconds: number): Promise<void> {
    this.#lagMs = lagMs;
    await this.#clock.advance(seconds * 1_000);
  }
}

let loop: LaggingLoop;
let mesh: RunningMesh;

async function statusOf(page: string): Promise<number> {
  return (await fetch(`http://${mesh.app.httpAddress}${page}`)).status;
}

beforeAll(async () => {
  loop = new LaggingLoop();
  mesh = await RunningMesh.start({ loopLag: loop.lag });
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('F63: an event loop that lags by more than 200 ms', () => {
  it('for less than 5 s turns nobody away', async () => {
    await loop.run(300, 4);
    await expect(mesh.requestAs(httpbinFoo)).resolves.toHaveLength(3);
  });

  it('for 5 s turns away who is not authenticated, slowly, before the API server is asked', async () => {
    await loop.run(300, 1);
    mesh.sandbox.forgetCalls();
    const began = performance.now();
    await expect(mesh.statusOf({ token: 'nobody' })).resolves.toBe('RESOURCE_EXHAUSTED');
    expect(performance.now() - began).toBeGreaterThanOrEqual(500);
    expect(mesh.sandbox.callCount('create', 'tokenreviews')).toBe(0);
  });

  it('stays alive and ready', async () => {
    await expect(statusOf('/ready')).resolves.toBe(200);
    await expect(statusOf('/healthz')).resolves.toBe(200);
  });

  it('serves who was in before', async () => {
    await loop.run(0, 1);
    mesh.sandbox.faults.signer.set({ kind: 'delay', ms: 500 }, { count: 1 });
    const before = mesh.requestAs(httpbinFoo);
    await eventually(() => mesh.requestObjects().length === 1);
    await loop.run(300, 5);
    await expect(mesh.statusOf()).resolves.toBe('RESOURCE_EXHAUSTED');
    await expect(before).resolves.toHaveLength(3);
  });

  it('serves everybody again a second after it was calm', async () => {
    await loop.run(0, 1);
    await expect(mesh.requestAs(httpbinFoo)).resolves.toHaveLength(3);
  });
});

describe('F63: an event loop that lags by more than 2 s', () => {
  it('for less than 10 s is let live', async () => {
    await loop.run(2_500, 9);
    await expect(statusOf('/healthz')).resolves.toBe(200);
  });

  it('for 10 s is to be started anew, and stays ready until it is', async () => {
    await loop.run(2_500, 1);
    await expect(statusOf('/healthz')).resolves.toBe(503);
    await expect(statusOf('/ready')).resolves.toBe(200);
  });
});
