import { describe, expect, it } from '@jest/globals';
import { RetainedRequests } from '../../../../src/signer/cleanup/retained-requests.ts';
import type { TrackedRequest } from '../../../../src/signer/signing-backend.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

describe('RetainedRequests', () => {
  it('are bounded for each signer and in all, the oldest go first', async () => {
    const clock = new FakeClock();
    const log = new RecordingLogger();
    const removed: string[] = [];
    const deletions = {
      add: ({ name }: { readonly name: string }) => {
        removed.push(name);
      },
    };
    const limits = { maxForSigner: 2, max: 3 };
    const retained = new RetainedRequests({
      ...limits,
      ...{ deletions, clock, log },
    });
    for (const [name, signerName] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['a3', 'a'],
      ['b1', 'b'],
      ['c1', 'c'],
    ] as const) {
      retained.retain(name, aPendingRequest(name, signerName), 60_000);
    }
    expect(removed).toEqual(['a1', 'a2']);
    expect(retained.size).toBe(3);
    await retained.stop();
    await settle();
    expect(removed).toHaveLength(5);
    expect(clock.pendingTimers).toBe(0);
  });
});

/** An approved request whose signer never acts. */
function aPendingRequest(name: string, signerName: string): TrackedRequest {
  return {
    ...{ name, uid: `uid-${name}`, signerName, annotations: {} },
    outcome: { kind: 'pending', approved: true },
    ...{ isAdopted: false, isForeign: false, mayBeApproved: true },
    approve: () => Promise.resolve(),
    settle: () => new Promise<never>(() => undefined),
    close: () => undefined,
  };
}
