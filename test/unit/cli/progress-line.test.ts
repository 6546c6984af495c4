import { describe, expect, it } from '@jest/globals';
import { ProgressLine } from '../../../src/cli/progress-line.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function scene(isTTY: boolean) {
  const clock = new FakeClock();
  const written: string[] = [];
  const sink = { isTTY, columns: 20, write: (text: string) => written.push(text) };
  return { clock, written, line: new ProgressLine(sink, clock) };
}

describe('ProgressLine', () => {
  it('tells what takes longer than a second, no wider than the terminal', async () => {
    const { clock, written, line } = scene(true);
    line.update(['canary foo', 'canary bar']);
    await clock.advance(999);
    expect(written).toEqual([]);
    await clock.advance(1);
    expect(written).toEqual(['\r\u001b[K1 s: canary foo, ca']);
    line.stop();
  });

  it('takes itself away, with its timer', async () => {
    const { clock, written, line } = scene(true);
    await clock.advance(1_000);
    line.stop();
    expect([written.at(-1), clock.pendingTimers]).toEqual(['\r\u001b[K', 0]);
  });

  it('is silent where there is no terminal', async () => {
    const { clock, written, line } = scene(false);
    await clock.advance(5_000);
    line.stop();
    expect(written).toEqual([]);
  });
});
