import { describe, expect, it } from '@jest/globals';
import { failed, listed, ok } from '../../../src/check/check.ts';
import type { Check } from '../../../src/check/check.ts';
import { known, reportedBy, unknownFact } from '../../../src/check/fact.ts';
import { runChecks } from '../../../src/check/run-checks.ts';
import { KubeApiError } from '../../../src/kube/api-error.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function run(checks: readonly Check[], clock = new FakeClock()) {
  return runChecks(checks, { clock, signal: new AbortController().signal });
}

function check(answer: Check['run'], change: Partial<Check> = {}): Check {
  return { id: 'one', severity: 'error', run: answer, ...change };
}

function apiError(status: number): KubeApiError {
  const details = { status, reason: '', verb: 'list', resource: 'secrets' };
  return new KubeApiError('scripted', details);
}

describe('runChecks', () => {
  it('answers in the order of the checks, with a link to each', async () => {
    const slow = check(() => new Promise((resolve) => setImmediate(resolve, ok('slow'))));
    const results = await run([slow, check(() => ok('quick'), { id: 'two', about: 'foo' })]);
    expect(results).toMatchObject([
      { id: 'one', text: 'slow', link: 'docs/check.md#one' },
      { id: 'two', about: 'foo', text: 'quick', verdict: 'ok' },
    ]);
  });

  it('lets the others go on where one throws', async () => {
    const broken = check(() => {
      throw new Error('it broke');
    });
    expect(await run([broken, check(() => ok('well'))])).toMatchObject([
      { verdict: 'failed', severity: 'error', text: 'could not be run: it broke' },
      { verdict: 'ok' },
    ]);
  });

  it('ends one that takes longer than 5 s', async () => {
    const clock = new FakeClock();
    const results = run([check(() => new Promise(() => undefined))], clock);
    await clock.advance(5_000);
    expect(await results).toMatchObject([{ text: expect.stringContaining('within 5 s') }]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for one with a longer limit until it has cleaned up', async () => {
    const clock = new FakeClock();
    let isClean = false;
    const canary = check(
      async (signal) => {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        isClean = true;
        throw signal.reason as Error;
      },
      { limitMs: 40_000 },
    );
    const results = run([canary], clock);
    await clock.advance(40_000);
    expect(await results).toMatchObject([{ text: expect.stringContaining('within 40 s') }]);
    expect(isClean).toBe(true);
  });

  it.each([
    ['forbids', 403, 'may not list secrets'],
    ['does not have', 404, 'scripted'],
  ])('skips what the API %s', async (_what, status, text) => {
    const results = await run([check(() => Promise.reject(apiError(status)))]);
    expect(results).toMatchObject([{ verdict: 'skipped', text: expect.stringContaining(text) }]);
  });

  it('fails what the API could not answer', async () => {
    const results = await run([check(() => Promise.reject(apiError(500)))]);
    expect(results).toMatchObject([{ verdict: 'failed' }]);
  });

  it('skips what rests on a fact that another check reports', async () => {
    const fact = reportedBy('mesh-config', unknownFact('there is none', true));
    expect(await run([check(() => known(fact))])).toMatchObject([
      { verdict: 'skipped', text: 'it rests on what mesh-config looks at' },
    ]);
  });

  it('takes the severity that a verdict brings', async () => {
    const results = await run([check(() => failed('late', 'renew', 'warning'))]);
    expect(results).toMatchObject([{ severity: 'warning', fix: 'renew' }]);
  });

  it('tells what is under way, and in the end nothing', async () => {
    const told: (readonly string[])[] = [];
    await runChecks([check(() => ok(''), { about: 'foo' })], {
      clock: new FakeClock(),
      signal: new AbortController().signal,
      onProgress: (running) => told.push(running),
    });
    expect([told[0], told.at(-1)]).toEqual([['one foo'], []]);
  });
});

describe('listed', () => {
  it('names ten and counts the rest', () => {
    const names = Array.from({ length: 12 }, (_, at) => `n${at}`);
    expect(listed(names)).toMatch(/n9; and 2 more$/);
    expect(listed(['a', 'b'])).toBe('a; b');
  });
});
