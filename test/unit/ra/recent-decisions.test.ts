import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { Decision } from '../../../src/ra/decision.ts';
import type { DecisionLog } from '../../../src/ra/decision-log.ts';
import { RecentDecisions } from '../../../src/ra/recent-decisions.ts';
import type { RecentDecision } from '../../../src/ra/recent-decisions.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const uri = 'spiffe://cluster.local/ns/foo/sa/httpbin';
const refusal = new RaError('SIGNER_REFUSED', 'no', { reason: 'signer_not_assigned' });

function aRecent(next: Partial<DecisionLog> = {}) {
  const clock = new FakeClock();
  const log = { issued: () => Promise.resolve(), refused: () => undefined, ...next };
  const recent = new RecentDecisions(log, () => clock.now());
  let requests = 0;
  const decision = (): Decision => new Decision(`r${(requests += 1)}`, clock);
  return { recent, clock, decision };
}

const idsOf = (decisions: readonly RecentDecision[]): readonly string[] =>
  decisions.map(({ requestId }) => requestId);

describe('the recent decisions', () => {
  it('are told after a sequence number, the oldest first', async () => {
    const { recent, decision } = aRecent();
    for (let at = 0; at < 3; at += 1) await recent.issued(decision());

    expect(idsOf(recent.after(1))).toEqual(['r2', 'r3']);
    expect([recent.newest, recent.after(3)]).toEqual([3, []]);
  });

  it('hold the newest two thousand', () => {
    const { recent, decision } = aRecent();
    for (let at = 0; at < 2_010; at += 1) recent.refused(decision(), refusal);

    expect(recent.after(0)).toHaveLength(2_000);
    expect(idsOf(recent.after(2_009))).toEqual(['r2010']);
  });

  it('have what became known, and how it ended', () => {
    const { recent, clock, decision } = aRecent();
    const one = decision();
    one.note({ caller: uri, callerCluster: 'Kubernetes', certSigner: 'x'.repeat(1_000) });
    recent.refused(one, refusal);

    expect(recent.after(0)).toMatchObject([
      {
        ...{ sequence: 1, time: clock.now(), outcome: 'refused', code: 'SIGNER_REFUSED' },
        ...{ reason: 'signer_not_assigned', caller: uri, cluster: 'Kubernetes' },
        certSigner: 'x'.repeat(256),
      },
    ]);
  });

  it('do not count a certificate that the audit log did not take', async () => {
    const { recent, decision } = aRecent({ issued: () => Promise.reject(new Error('disk full')) });

    await expect(recent.issued(decision())).rejects.toThrow('disk full');
    expect(recent.after(0)).toEqual([]);
  });

  it('tell a listener of what comes after it began to listen', async () => {
    const { recent, decision } = aRecent();
    await recent.issued(decision());
    const heard: string[] = [];
    recent.onEach(({ requestId }) => heard.push(requestId));
    recent.refused(decision(), refusal);

    expect(heard).toEqual(['r2']);
  });

  it('find the refusals of an identity, and of a caller that got no further, newest first', async () => {
    const { recent, decision } = aRecent();
    const [first, other, second, granted] = [decision(), decision(), decision(), decision()];
    first.note({ caller: uri });
    other.note({ caller: uri, identity: 'spiffe://cluster.local/ns/foo/sa/other' });
    second.note({ caller: 'spiffe://cluster.local/ns/x/sa/ztunnel', identity: uri });
    granted.note({ identity: uri });
    for (const one of [first, other, second]) recent.refused(one, refusal);
    await recent.issued(granted);

    expect(idsOf(recent.refusalsOf(uri, 10))).toEqual(['r3', 'r1']);
    expect(idsOf(recent.refusalsOf(uri, 1))).toEqual(['r3']);
  });
});
