import { LeaderElection } from '../../../src/kube/leader-election.ts';
import type { Clock, Timer } from '../../../src/base/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeLeases } from '../../support/fake-leases.ts';
import type { LeaseConnection } from '../../support/fake-leases.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

/** The same time as another clock, but for a wall clock that may be wrong and a process that may stop. */
export class OwnClock implements Clock {
  wallOffsetMs = 0;
  /** A process that was killed or stopped: its timers never fire. */
  isStopped = false;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.wallOffsetMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  timer(ms: number, callback: () => void): Timer {
    return this.#clock.timer(ms, () => {
      if (!this.isStopped) callback();
    });
  }
}

export interface Candidate {
  readonly election: LeaderElection;
  readonly connection: LeaseConnection;
  readonly clock: OwnClock;
  readonly log: RecordingLogger;
  /** What its listeners were told. */
  readonly told: boolean[];
}

/** Candidates for one lease, under one time. */
export class Candidates {
  readonly clock = new FakeClock();
  readonly leases = new FakeLeases();
  readonly all: Candidate[] = [];

  /** Starts at once. */
  start(identity: string): Candidate {
    const clock = new OwnClock(this.clock);
    const connection = this.leases.connection();
    const log = new RecordingLogger();
    const told: boolean[] = [];
    const place = { namespace: 'istio-system', name: 'istio-ra-leader' };
    const random = (): number => 0.5;
    const options = { leases: connection, ...place, identity, clock, random, log };
    const election = new LeaderElection(options);
    election.onChange((isLeader) => told.push(isLeader));
    const candidate = { election, connection, clock, log, told };
    this.all.push(candidate);
    election.start();
    return candidate;
  }

  /** Moves on in small steps and returns the first moment, in ms from now, at which `is` holds. */
  async until(is: () => boolean, withinMs: number): Promise<number> {
    for (let passed = 0; passed <= withinMs; passed += 50) {
      if (is()) return passed;
      await this.step();
    }
    throw new Error(`it did not come to be within ${withinMs} ms`);
  }

  /** 50 ms; throws when two lead at once, which must never be. */
  async step(): Promise<void> {
    await this.clock.advance(50);
    const leaders = this.all.filter(({ election, clock }) => election.isLeader && !clock.isStopped);
    if (leaders.length > 1) throw new Error('there are two leaders');
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) await this.step();
  }

  async stop(): Promise<void> {
    const stopped = Promise.all(this.all.map(({ election }) => election.stop()));
    await this.clock.advance(5000);
    await stopped;
  }
}
