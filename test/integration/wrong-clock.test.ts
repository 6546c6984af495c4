import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectWithinMs } from '../support/expect-measured.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';
import { SkewedClock } from '../support/skewed-clock.ts';

const minute = 60_000;
let mesh: RunningMesh;
let apiClock: SkewedClock;

/**
 * Beside an API server and signers whose clocks are right: so much is ours ahead. What they certify at
 * their start has to be valid all the time, so they start at the earliest time that a test sets.
 */
function isAhead(byMs: number, earliestMs: number): void {
  beforeAll(async () => {
    apiClock = new SkewedClock(earliestMs);
    mesh = await RunningMesh.start({ apiClock });
    apiClock.aheadMs = -byMs;
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });
}

function skewWarnings(): readonly unknown[] {
  return mesh.log.lines
    .filter(({ message }) => message.startsWith('our clock and the API server'))
    .map(({ fields }) => fields['clockSkewMs']);
}

async function lastDecision(): Promise<Readonly<Record<string, unknown>>> {
  const trail = await readFile(join(mesh.directory, 'audit.jsonl'), 'utf8');
  return JSON.parse(trail.trimEnd().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
}

describe('F46: a clock that is ten minutes ahead', () => {
  isAhead(10 * minute, -10 * minute);

  it("is found out by the API server's Date and warned of", async () => {
    await mesh.request();
    await eventually(() => skewWarnings().length > 0);
    expect(Number(skewWarnings().at(-1)) / minute).toBeLessThan(-9);
  });

  it('does not keep it from serving', async () => {
    await expect(mesh.requestAs(httpbinFoo)).resolves.toHaveLength(3);
    const page = await fetch(`http://${mesh.app.httpAddress}/ready`);
    expect(page.status).toBe(200);
  });

  it('refuses what looks expired, and leaves nothing behind', async () => {
    await expect(mesh.statusOf({ validitySeconds: 600 })).resolves.toBe('INTERNAL');
    await expect(lastDecision()).resolves.toMatchObject({ outcome: 'refused', reason: 'expired' });
    await eventually(() => mesh.requestObjects().length === 0);
  });
});

describe('F46: a clock that is ten minutes behind', () => {
  isAhead(-10 * minute, 0);

  it("is found out by the API server's Date and warned of", async () => {
    await mesh.statusOf();
    await eventually(() => skewWarnings().length > 0);
    expect(Number(skewWarnings().at(-1)) / minute).toBeGreaterThan(9);
  });

  it('refuses what looks not yet valid, and leaves nothing behind', async () => {
    await expect(mesh.statusOf()).resolves.toBe('INTERNAL');
    await expect(lastDecision()).resolves.toMatchObject({ reason: 'not_yet_valid' });
    await eventually(() => mesh.requestObjects().length === 0);
  });

  it('serves again once it is right', async () => {
    apiClock.aheadMs = 0;
    await expect(mesh.requestAs(httpbinFoo)).resolves.toHaveLength(3);
  });
});

describe('F46: a clock that is set while a signer works', () => {
  isAhead(0, -4 * minute);

  it.each([4, -4])('by %d minutes costs no certificate and no time', async (minutes) => {
    await expectWithinMs(
      3_000,
      `a request while the clock is set by ${minutes} minutes`,
      async () => {
        apiClock.aheadMs = 0;
        await eventually(() => mesh.requestObjects().length === 0);
        mesh.sandbox.faults.signer.set({ kind: 'delay', ms: 300 }, { count: 1 });
        const answer = mesh.requestAs(httpbinFoo);
        await eventually(() => mesh.requestObjects().length === 1);
        apiClock.aheadMs = minutes * minute;
        await expect(answer).resolves.toHaveLength(3);
      },
    );
  });
});
