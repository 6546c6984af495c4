import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { soleLeader } from '../../../src/kube/leader-election.ts';
import type { Candidate } from './candidates.ts';
import { Candidates } from './candidates.ts';

let candidates: Candidates;
let one: Candidate;
let two: Candidate;

beforeEach(async () => {
  candidates = new Candidates();
  one = candidates.start('one');
  await candidates.step();
  two = candidates.start('two');
  await candidates.step();
});

afterEach(() => candidates.stop());

describe('of two candidates', () => {
  it('the first leads', () => {
    expect([one, two].map(({ election }) => election.isLeader)).toEqual([true, false]);
    expect(one.told).toEqual([true]);
    expect(two.election.holder).toBe('one');
  });

  it('the leader goes on leading', async () => {
    await candidates.pass(60_000);
    expect(candidates.leases.holders).toEqual(['one']);
    expect(one.told).toEqual([true]);
  });

  it('the other takes over within 15 s when the leader is killed', async () => {
    await candidates.pass(1950);
    one.clock.isStopped = true;
    const took = await candidates.until(() => two.election.isLeader, 20_000);
    expect(took).toBeLessThan(15_000);
  });

  it('the other does not take over from a killed leader before the lease has run out', async () => {
    one.clock.isStopped = true;
    const took = await candidates.until(() => two.election.isLeader, 20_000);
    expect(took).toBeGreaterThanOrEqual(9_900);
  });

  it('the other takes over within 3 s when the leader is stopped', async () => {
    await one.election.stop();
    expect(one.told).toEqual([true, false]);
    const took = await candidates.until(() => two.election.isLeader, 20_000);
    expect(took).toBeLessThanOrEqual(3_000);
  });

  it('the new leader is counted as another', async () => {
    await one.election.stop();
    await candidates.until(() => two.election.isLeader, 20_000);
    expect(candidates.leases.only.record).toMatchObject({ holder: 'two', transitions: 1 });
  });

  it('the old leader follows when it comes back', async () => {
    await one.election.stop();
    await candidates.until(() => two.election.isLeader, 20_000);
    const again = candidates.start('one');
    await candidates.pass(30_000);
    expect(again.told).toEqual([]);
  });
});

describe('a leader that is cut off', () => {
  it.each(['fails', 'hangs', 'is forbidden'] as const)(
    'steps down 7 to 8 s after its last renewal when each call %s',
    async (fault) => {
      await candidates.pass(2000);
      one.connection.fault = fault;
      const took = await candidates.until(() => !one.election.isLeader, 20_000);
      expect(took).toBeGreaterThan(4_500);
      expect(took).toBeLessThanOrEqual(8_000);
      expect(one.told).toEqual([true, false]);
    },
  );

  it('never leads beside its successor', async () => {
    one.connection.fault = 'hangs';
    await candidates.until(() => two.election.isLeader, 20_000);
    one.connection.fault = 'goes through';
    await candidates.pass(30_000);
    expect(one.told).toEqual([true, false]);
    expect(candidates.leases.holders).toEqual(['one', 'two']);
  });

  it('goes on leading when the cut was short', async () => {
    one.connection.fault = 'fails';
    await candidates.pass(4000);
    one.connection.fault = 'goes through';
    await candidates.pass(30_000);
    expect(one.told).toEqual([true]);
  });

  it('goes on leading when an answer was lost', async () => {
    one.connection.fault = 'answer is lost';
    await candidates.pass(2500);
    one.connection.fault = 'goes through';
    await candidates.pass(30_000);
    expect(one.told).toEqual([true]);
  });

  it('goes on leading when a renewal arrives that it had given up', async () => {
    one.connection.fault = 'is late';
    await candidates.pass(2500);
    one.connection.deliverLate();
    one.connection.fault = 'goes through';
    await candidates.pass(30_000);
    expect(one.told).toEqual([true]);
  });

  it('says so once, and once that it is over', async () => {
    one.connection.fault = 'fails';
    await candidates.pass(5000);
    one.connection.fault = 'goes through';
    await candidates.pass(5000);
    const said = one.log.lines.map(({ message }) => message);
    expect(said).toEqual([
      'this replica leads now',
      'the leader election failed and is tried again',
      'the leader election works again',
    ]);
  });

  it('is no leader any more even where its timers are late', async () => {
    one.clock.isStopped = true;
    await candidates.pass(7_050);
    expect(one.election.isLeader).toBe(false);
  });
});

describe('when nobody reaches the API', () => {
  it('nobody leads, and nobody hurries', async () => {
    for (const { connection } of candidates.all) connection.fault = 'fails';
    await candidates.pass(15_000);
    expect(candidates.all.some(({ election }) => election.isLeader)).toBe(false);
    const before = two.connection.calls;
    await candidates.pass(20_000);
    expect(two.connection.calls - before).toBeLessThanOrEqual(11);
  });

  it('one leads again soon after', async () => {
    for (const { connection } of candidates.all) connection.fault = 'fails';
    await candidates.pass(60_000);
    for (const { connection } of candidates.all) connection.fault = 'goes through';
    const leads = (): boolean => candidates.all.some(({ election }) => election.isLeader);
    await expect(candidates.until(leads, 15_000)).resolves.toBeLessThanOrEqual(12_500);
  });
});

describe('wall clocks', () => {
  it.each([-3_600_000, 3_600_000])('that differ by %p ms change nothing', async (offset) => {
    two.clock.wallOffsetMs = offset;
    await candidates.pass(30_000);
    expect(candidates.leases.holders).toEqual(['one']);
  });

  it('that jump back under a leader change nothing', async () => {
    await candidates.pass(5000);
    one.clock.wallOffsetMs = -86_400_000;
    await candidates.pass(30_000);
    expect(one.told).toEqual([true]);
  });

  it('that are ahead do not keep the lease from a successor', async () => {
    one.clock.wallOffsetMs = 86_400_000;
    await candidates.pass(5000);
    one.clock.isStopped = true;
    const took = await candidates.until(() => two.election.isLeader, 20_000);
    expect(took).toBeLessThan(15_000);
  });
});

describe('the lease', () => {
  it('that somebody labelled meanwhile is renewed all the same', async () => {
    candidates.leases.put(candidates.leases.only);
    await candidates.pass(20_000);
    expect(one.told).toEqual([true]);
  });

  it.each([0, 500, 1000, 1500])(
    'that was deleted %p ms after a renewal is made anew by its leader',
    async (afterMs) => {
      const { calls } = one.connection;
      await candidates.until(() => one.connection.calls > calls, 5000);
      await candidates.pass(afterMs);
      candidates.leases.stored.clear();
      await candidates.pass(20_000);
      expect(one.told).toEqual([true]);
    },
  );

  it('that another has taken ends the lead at the next renewal', async () => {
    const { record, ...place } = candidates.leases.only;
    candidates.leases.put({ ...place, record: { ...record, holder: 'thief' } });
    await expect(candidates.until(() => !one.election.isLeader, 5000)).resolves.toBeLessThan(2_100);
  });

  it('that asks for a day is taken after a minute', async () => {
    const { record, ...place } = candidates.leases.only;
    const durationSeconds = 86_400;
    candidates.leases.put({ ...place, record: { ...record, holder: 'thief', durationSeconds } });
    const leads = (): boolean => candidates.all.some(({ election }) => election.isLeader);
    await candidates.pass(3000);
    await expect(candidates.until(leads, 65_000)).resolves.toBeGreaterThan(55_000);
  });
});

describe('a name', () => {
  it('whose process was replaced is led at once by the new one', async () => {
    one.clock.isStopped = true;
    const again = candidates.start('one');
    await candidates.step();
    expect(again.election.isLeader).toBe(true);
  });

  it('that two processes have makes the older step down and say why', async () => {
    const namesake = candidates.start('one');
    await candidates.clock.advance(5000);
    expect([one, namesake].map(({ election }) => election.isLeader)).toEqual([false, true]);
    expect(one.log.lines).toContainEqual({
      level: 'error',
      message: 'another process takes part in the election under our own name',
      fields: { lease: 'istio-ra-leader', identity: 'one' },
    });
  });
});

describe('a candidate', () => {
  it('without the right is told which', async () => {
    two.connection.fault = 'is forbidden';
    await candidates.pass(5000);
    expect(two.log.lines).toContainEqual({
      level: 'warn',
      message: 'the leader election failed and is tried again',
      fields: expect.objectContaining({
        missing: 'get, create and update leases of coordination.k8s.io in istio-system',
      }),
    });
  });

  it('goes on when a listener throws', async () => {
    two.election.onChange(() => {
      throw new Error('a bug');
    });
    await one.election.stop();
    await candidates.until(() => two.election.isLeader, 20_000);
    expect(two.told).toEqual([true]);
  });

  it('that follows leaves the lease alone when it stops', async () => {
    await two.election.stop();
    expect(candidates.leases.only.record.holder).toBe('one');
  });

  it('stops within 2 s even when the API does not answer', async () => {
    one.connection.fault = 'hangs';
    const stopped = one.election.stop();
    await candidates.pass(2000);
    await expect(stopped).resolves.toBeUndefined();
  });

  it('leaves no timer behind', async () => {
    await candidates.stop();
    expect(candidates.clock.pendingTimers).toBe(0);
  });
});

describe('without an election', () => {
  it('this replica leads', () => {
    expect(soleLeader.isLeader).toBe(true);
  });
});
