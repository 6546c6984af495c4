import { describe, expect, it } from '@jest/globals';
import { PermissionTracker } from '../../../../src/signer/csr/permission-tracker.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

describe('PermissionTracker', () => {
  it('doubts a right that worked for half a minute, and says what is missing once a minute', async () => {
    const clock = new FakeClock();
    const log = new RecordingLogger();
    const permissions = new PermissionTracker({ clock, log });
    permissions.worked('create');
    expect(permissions.isMissing('create')).toBe(false);
    await clock.advance(29_000);
    expect(permissions.isMissing('create')).toBe(false);
    await clock.advance(1_000);
    expect(permissions.isMissing('create')).toBe(true);
    expect(permissions.isMissing('create')).toBe(true);
    expect(log.lines).toHaveLength(1);
    await clock.advance(60_000);
    permissions.isMissing('create');
    expect(log.lines).toHaveLength(2);
  });

  it('misses at once what never worked', () => {
    const permissions = new PermissionTracker({
      clock: new FakeClock(),
      log: new RecordingLogger(),
    });
    expect(permissions.isMissing('approve x')).toBe(true);
  });
});
