import { describe, expect, it } from '@jest/globals';
import { UpstreamReached } from '../../../src/server/pass-through/upstream-reached.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

/** Begun, with an istiod that answers attempts as it is told. */
async function begun(isThere: boolean) {
  const [clock, log, istiod] = [new FakeClock(), new RecordingLogger(), { isThere, attempts: 0 }];
  const reached = new UpstreamReached({
    host: 'istiod-upstream.istio-system.svc',
    reach: () => {
      istiod.attempts += 1;
      if (istiod.isThere) return Promise.resolve();
      return Promise.reject(new Error('cannot connect', { cause: new Error('ECONNREFUSED') }));
    },
    ...{ clock, log },
  });
  reached.start();
  await clock.advance(0);
  return { reached, clock, log, istiod };
}

describe('whether the istiod behind us has been reached', () => {
  it('holds at the first attempt that succeeds', async () => {
    const { reached, clock, istiod } = await begun(false);
    expect(reached.notReadyBecause()).toBe(
      'istiod has not been reached yet at istiod-upstream.istio-system.svc: ECONNREFUSED',
    );
    istiod.isThere = true;
    await clock.advance(1_000);
    expect(reached.notReadyBecause()).toBeUndefined();
    expect(istiod.attempts).toBe(2);
    await reached.stop();
  });

  it('holds for good: an istiod that goes takes no certificates along', async () => {
    const { reached, clock, istiod } = await begun(true);
    istiod.isThere = false;
    await clock.advance(120_000);
    expect(reached.notReadyBecause()).toBeUndefined();
    expect(istiod.attempts).toBe(1);
    await reached.stop();
  });

  it('holds after half a minute without it, and says so in the log', async () => {
    const { reached, clock, log } = await begun(false);
    await clock.advance(29_000);
    expect(reached.notReadyBecause()).toContain('has not been reached yet');
    await clock.advance(1_000);
    expect(reached.notReadyBecause()).toBeUndefined();
    expect(log.lines).toMatchObject([
      { level: 'error', message: expect.stringContaining('certificates are served') },
    ]);
    await reached.stop();
  });

  it('is asked no more once it is stopped', async () => {
    const { reached, clock, istiod } = await begun(false);
    await reached.stop();
    await clock.advance(60_000);
    expect(istiod.attempts).toBe(1);
  });
});
