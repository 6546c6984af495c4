import { describe, expect, it } from '@jest/globals';
import { nameFor } from '../../../../src/signer/csr/request-name.ts';
import { fingerprintOf } from '../../../../src/signer/signing-order.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { anOrder } from '../../../support/orders.ts';

describe('the name of an object', () => {
  it('is the same for whoever repeats the order within five minutes', async () => {
    const { order } = await anOrder(new FakeClock());
    const { order: other } = await anOrder(new FakeClock(), { ttlSeconds: 7200 });
    const [key, otherKey] = [fingerprintOf(order), fingerprintOf(other)];
    expect(nameFor(key, 0)).toMatch(/^ra-[a-z2-7]{26}$/);
    expect(nameFor(key, 299_999)).toBe(nameFor(key, 0));
    expect(nameFor(key, 300_000)).not.toBe(nameFor(key, 0));
    expect(nameFor(key, 0, 'salt')).not.toBe(nameFor(key, 0));
    expect(nameFor(otherKey, 0)).not.toBe(nameFor(key, 0));
  });
});
