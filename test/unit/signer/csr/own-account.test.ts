import { describe, expect, it } from '@jest/globals';
import { OwnAccount } from '../../../../src/signer/csr/own-account.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-signing-requests.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

const forever = new AbortController().signal;

describe('OwnAccount', () => {
  it('asks once for all, and again only where it learnt nothing', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const reviews = {
      username: () => {
        asked += 1;
        return asked === 1 ? Promise.reject(apiError(503)) : Promise.resolve('us');
      },
    };
    const account = new OwnAccount({ reviews, clock, log: new RecordingLogger() });
    const both = await Promise.all([account.username(forever), account.username(forever)]);
    expect(both).toEqual([undefined, undefined]);
    await account.username(forever);
    expect(asked).toBe(1);
    await clock.advance(15_000);
    await expect(account.username(forever)).resolves.toBe('us');
    await account.username(forever);
    expect(asked).toBe(2);
  });
});
