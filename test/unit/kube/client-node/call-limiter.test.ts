import { beforeEach, describe, expect, it } from '@jest/globals';
import { CallLimiter } from '../../../../src/kube/client-node/call-limiter.ts';
import type {
  CallEnd,
  CallPlace,
  LimitedCall,
} from '../../../../src/kube/client-node/call-limiter.ts';
import type { CallPriority } from '../../../../src/kube/client-node/call-priority.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

const never = new AbortController().signal;
const fine: CallEnd = { kind: 'answered', status: 200, retryAfterMs: undefined };
const throttled: CallEnd = { kind: 'answered', status: 429, retryAfterMs: undefined };
const failed: CallEnd = { kind: 'answered', status: 500, retryAfterMs: undefined };
const unreachable: CallEnd = { kind: 'unreachable' };

let clock: FakeClock;
let log: RecordingLogger;
let limiter: CallLimiter;
/** Who may go, in the order in which they were let out. */
let out: string[];
let places: Map<string, CallPlace>;
let refusals: Map<string, unknown>;

function aLimiter(first: number): CallLimiter {
  return new CallLimiter({ limit: { first, min: 2, max: 64 }, clock, log });
}

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLogger();
  limiter = aLimiter(4);
  out = [];
  places = new Map();
  refusals = new Map();
});

async function come(
  name: string,
  priority: CallPriority = 'normal',
  signal = never,
): Promise<void> {
  const call: LimitedCall = { verb: 'create', resource: 'pods', priority };
  limiter.enter(call, signal).then(
    (place) => {
      out.push(name);
      places.set(name, place);
    },
    (error: unknown) => refusals.set(name, error),
  );
  await settle();
}

async function comeMany(
  prefix: string,
  count: number,
  priority: CallPriority = 'normal',
): Promise<void> {
  for (let number = 1; number <= count; number += 1) await come(`${prefix}${number}`, priority);
}

async function leave(name: string, end = fine): Promise<void> {
  const place = places.get(name);
  if (place === undefined) throw new Error(`${name} was not let out`);
  place.leave(end);
  await settle();
}

describe('the limit', () => {
  it('keeps calls back until others have ended, the oldest first', async () => {
    await comeMany('call', 6);
    expect(out).toEqual(['call1', 'call2', 'call3', 'call4']);
    expect([limiter.inFlight, limiter.waiting]).toEqual([4, 2]);
    await leave('call2', { kind: 'given_up' });
    expect(out.slice(4)).toEqual(['call5']);
  });

  it('is halved by a refusal', async () => {
    await come('call');
    await leave('call', throttled);
    expect([limiter.limit, limiter.throttled]).toEqual([2, 1]);
  });

  it('is halved once for all calls that were on their way together', async () => {
    limiter = aLimiter(16);
    await comeMany('call', 8);
    for (let number = 1; number <= 8; number += 1) await leave(`call${number}`, throttled);
    expect([limiter.limit, limiter.throttled]).toEqual([8, 8]);
  });

  it('is halved again by a call sent since', async () => {
    limiter = aLimiter(16);
    await come('first');
    await leave('first', throttled);
    await come('second');
    await leave('second', { kind: 'answered', status: 503, retryAfterMs: undefined });
    expect(limiter.limit).toBe(4);
  });

  it('is never less than two', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await come(name);
      await leave(name, throttled);
    }
    expect(limiter.limit).toBe(2);
  });

  it('grows by one for each round of calls that went well', async () => {
    await comeMany('call', 10);
    for (let number = 1; number <= 5; number += 1) await leave(`call${number}`);
    expect(limiter.limit).toBe(5);
  });

  it('does not grow where it was not reached', async () => {
    await comeMany('call', 3);
    for (let number = 1; number <= 3; number += 1) await leave(`call${number}`);
    for (let more = 0; more < 20; more += 1) {
      await come(`more${more}`);
      await leave(`more${more}`);
    }
    expect(limiter.limit).toBe(4);
  });

  it('counts a call that is left twice once', async () => {
    await come('call');
    await leave('call');
    await leave('call');
    expect(limiter.inFlight).toBe(0);
  });
});

describe('priorities', () => {
  it('let what finishes a request go first, and what tidies up last', async () => {
    await comeMany('call', 4);
    await come('delete', 'low');
    await come('create', 'normal');
    await come('approve', 'high');
    for (const name of ['call1', 'call2', 'call3', 'call4']) await leave(name);
    expect(out.slice(4)).toEqual(['approve', 'create', 'delete']);
  });

  it('keep the last quarter free of low ones', async () => {
    await comeMany('delete', 4, 'low');
    expect(out).toEqual(['delete1', 'delete2', 'delete3']);
    await come('approve', 'high');
    expect(out.at(-1)).toBe('approve');
  });

  it('let a low one that has waited for 2 s go before normal ones, not before high ones', async () => {
    await comeMany('call', 4);
    await come('delete', 'low');
    await come('create', 'normal');
    await clock.advance(2_000);
    await come('approve', 'high');
    for (const name of ['call1', 'call2', 'call3']) await leave(name);
    expect(out.slice(4)).toEqual(['approve', 'delete', 'create']);
  });

  it('hold low ones back for as long as the server has asked', async () => {
    limiter = aLimiter(16);
    await come('call');
    await leave('call', { kind: 'answered', status: 429, retryAfterMs: 5_000 });
    await come('delete', 'low');
    await come('approve', 'high');
    await clock.advance(4_900);
    expect(out).toEqual(['call', 'approve']);
    await clock.advance(200);
    expect(out).toEqual(['call', 'approve', 'delete']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a call that waits', () => {
  it('leaves the line when its signal aborts', async () => {
    const controller = new AbortController();
    const tooLate = new Error('too late');
    await comeMany('call', 4);
    await come('waiting', 'normal', controller.signal);
    controller.abort(tooLate);
    await settle();
    expect(refusals.get('waiting')).toBe(tooLate);
    expect(limiter.waiting).toBe(0);
  });

  it('is refused where a thousand of its priority wait already', async () => {
    await comeMany('call', 1_004);
    await come('one too many');
    expect(refusals.get('one too many')).toMatchObject({
      name: 'KubeApiError',
      status: undefined,
      reason: 'TooManyWaiting',
    });
    await come('approve', 'high');
    expect(limiter.waiting).toBe(1_001);
  });

  it('is refused when the limiter is closed, as is whoever comes later', async () => {
    const closed = new Error('closed');
    await comeMany('call', 5);
    limiter.close(closed);
    await come('late');
    expect([refusals.get('call5'), refusals.get('late')]).toEqual([closed, closed]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a server that is away', () => {
  async function goAway(end = unreachable): Promise<void> {
    for (let number = 1; number <= 5; number += 1) {
      await come(`lost${number}`);
      await leave(`lost${number}`, end);
    }
    out = [];
  }

  it.each([
    ['takes no connection', unreachable],
    ['fails every call', failed],
  ])('is one that %s five times in a row', async (_what, end) => {
    await goAway(end);
    expect(limiter.isAway).toBe(true);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it('is not one that answers in between, whatever it says', async () => {
    for (let number = 1; number <= 20; number += 1) {
      await come(`call${number}`);
      await leave(`call${number}`, number % 5 === 0 ? throttled : failed);
    }
    expect(limiter.isAway).toBe(false);
  });

  it('is not one that our callers had no patience with', async () => {
    await goAway({ kind: 'given_up' });
    expect(limiter.isAway).toBe(false);
  });

  it('gets fewer than 20 calls in a second, however many wait', async () => {
    await goAway();
    let sent = 0;
    for (let tick = 0; tick < 500; tick += 1) {
      for (const name of out.splice(0)) {
        sent += 1;
        await leave(name, unreachable);
      }
      await come(`call${tick}`);
      await clock.advance(20);
    }
    expect(sent).toBeGreaterThan(100);
    expect(sent).toBeLessThan(200);
  });

  it('is told of to whoever has waited for a second, so that nobody runs out of time unheard', async () => {
    await goAway();
    await comeMany('call', 30);
    for (let tick = 0; tick < 12; tick += 1) {
      for (const name of out.splice(0)) await leave(name, unreachable);
      await clock.advance(100);
    }
    expect(refusals.get('call30')).toMatchObject({
      name: 'KubeApiError',
      status: undefined,
      reason: 'ConnectionFailed',
    });
    expect([limiter.waiting, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('is there again at the first answer, and everybody goes', async () => {
    await goAway();
    await comeMany('call', 3);
    await clock.advance(60);
    expect(out).toEqual(['call1']);
    await leave('call1');
    expect(out).toEqual(['call1', 'call2', 'call3']);
    expect(limiter.isAway).toBe(false);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });
});
