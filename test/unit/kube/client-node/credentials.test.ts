import { beforeEach, describe, expect, it } from '@jest/globals';
import { FreshCredentials } from '../../../../src/kube/client-node/credentials.ts';
import type { Credentials } from '../../../../src/kube/client-node/credentials.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

let clock: FakeClock;
let log: RecordingLogger;
let given: { token: string; ca: string } | Error | 'hang';
let readings: boolean[];
let fresh: FreshCredentials;

function read(afresh: boolean): Promise<Credentials> {
  readings.push(afresh);
  if (given === 'hang') return new Promise(() => undefined);
  if (given instanceof Error) return Promise.reject(given);
  return Promise.resolve({
    headers: { authorization: `Bearer ${given.token}` },
    tls: { ca: given.ca },
  });
}

beforeEach(async () => {
  clock = new FakeClock();
  log = new RecordingLogger();
  given = { token: 'one', ca: 'a' };
  readings = [];
  fresh = new FreshCredentials({ source: { read }, first: await read(false), clock, log });
  readings = [];
});

describe('current credentials', () => {
  it('are kept for 30 s', async () => {
    given = { token: 'two', ca: 'a' };
    await clock.advance(29_999);
    expect((await fresh.current()).headers['authorization']).toBe('Bearer one');
    expect(readings).toEqual([]);
  });

  it('are read again after 30 s', async () => {
    given = { token: 'two', ca: 'a' };
    await clock.advance(30_000);
    expect((await fresh.current()).headers['authorization']).toBe('Bearer two');
  });

  it('are the same object while nothing changed', async () => {
    const before = await fresh.current();
    await clock.advance(30_000);
    expect(await fresh.current()).toBe(before);
    expect(readings).toEqual([false]);
  });

  it('keep their certificates object when only the token changed: connections stay open', async () => {
    const { tls } = await fresh.current();
    given = { token: 'two', ca: 'a' };
    await clock.advance(30_000);
    expect((await fresh.current()).tls).toBe(tls);
  });

  it('have another certificates object when the CA changed', async () => {
    given = { token: 'one', ca: 'b' };
    await clock.advance(30_000);
    expect((await fresh.current()).tls).toEqual({ ca: 'b' });
  });

  it('stay the last good ones when they cannot be read', async () => {
    given = new Error('half-written');
    await clock.advance(30_000);
    expect((await fresh.current()).headers['authorization']).toBe('Bearer one');
    expect(log.lines).toHaveLength(1);
  });

  it('stay the last good ones when reading takes more than 10 s', async () => {
    given = 'hang';
    await clock.advance(30_000);
    const waiting = fresh.current();
    await clock.advance(10_000);
    expect((await waiting).headers['authorization']).toBe('Bearer one');
  });

  it('are read once for all that ask meanwhile', async () => {
    await clock.advance(30_000);
    await Promise.all([fresh.current(), fresh.current(), fresh.current()]);
    expect(readings).toHaveLength(1);
  });
});

describe('renewal after a 401', () => {
  it('reads at once and trusts nothing remembered', async () => {
    const refused = await fresh.current();
    given = { token: 'two', ca: 'a' };
    const renewed = await fresh.renew(refused);
    expect(renewed.headers['authorization']).toBe('Bearer two');
    expect(readings).toEqual([true]);
  });

  it('gives the refused ones back when there are no newer', async () => {
    const refused = await fresh.current();
    expect(await fresh.renew(refused)).toBe(refused);
  });

  it('reads nothing when somebody else has renewed already', async () => {
    const refused = await fresh.current();
    given = { token: 'two', ca: 'a' };
    const renewed = await fresh.renew(refused);
    expect(await fresh.renew(refused)).toBe(renewed);
    expect(readings).toHaveLength(1);
  });

  it('reads at most once a second', async () => {
    const refused = await fresh.current();
    await fresh.renew(refused);
    await fresh.renew(refused);
    await clock.advance(1000);
    await fresh.renew(refused);
    expect(readings).toHaveLength(2);
  });
});
