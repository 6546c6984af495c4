import { describe, expect, it } from '@jest/globals';
import { draftFor } from '../../../../src/signer/csr/request-draft.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { anOrder } from '../../../support/orders.ts';
import { thrownBy } from '../../../support/thrown-by.ts';

describe('draftFor', () => {
  it('takes an order whose proofs are about one identity', async () => {
    const { order } = await anOrder(new FakeClock());
    expect(draftFor(order, { name: 'ra-x', replica: 'replica' }).signerName).toBe(
      'clusterissuers.cert-manager.io/foo',
    );
  });

  it("refuses one identity's request with the signer that was granted to another", async () => {
    const clock = new FakeClock();
    const [one, other] = [await anOrder(clock), await anOrder(clock)];
    const mixed = { ...one.order, granted: other.order.granted };
    expect(thrownBy(() => draftFor(mixed, { name: 'ra-x', replica: 'replica' }))).toMatchObject({
      code: 'INTERNAL',
    });
  });
});
