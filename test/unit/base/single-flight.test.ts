import { describe, expect, it } from '@jest/globals';
import { KeyedSingleFlight, SingleFlight } from '../../../src/base/single-flight.ts';
import { settle } from '../../support/fake-clock.ts';

const forever = new AbortController().signal;

/** A task that ends when it is told to, and remembers how often it began. */
class Task {
  begun = 0;
  signal: AbortSignal | undefined;
  end: (text: string) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  readonly run = (signal?: AbortSignal): Promise<string> => {
    this.begun += 1;
    this.signal = signal;
    return new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  };
}

describe('SingleFlight', () => {
  it('runs once for all who ask meanwhile, and anew for who asks later', async () => {
    const flight = new SingleFlight<string>();
    const task = new Task();
    const both = Promise.all([flight.run(task.run), flight.run(task.run)]);
    task.end('done');

    await expect(both).resolves.toEqual(['done', 'done']);
    expect(flight.isRunning).toBe(false);
    void flight.run(task.run);
    expect(task.begun).toBe(2);
  });

  it('begins anew after a failure', async () => {
    const flight = new SingleFlight<string>();
    const task = new Task();
    const failed = flight.run(task.run);
    task.fail(new Error('no'));

    await expect(failed).rejects.toThrow('no');
    expect(flight.isRunning).toBe(false);
  });
});

describe('KeyedSingleFlight', () => {
  it('runs once for each key', async () => {
    const flights = new KeyedSingleFlight<string>();
    const [one, other] = [new Task(), new Task()];
    const all = Promise.all([
      flights.run('a', one.run, forever),
      flights.run('a', one.run, forever),
      flights.run('b', other.run, forever),
    ]);
    one.end('a');
    other.end('b');

    await expect(all).resolves.toEqual(['a', 'a', 'b']);
    expect([one.begun, other.begun]).toEqual([1, 1]);
  });

  it('goes on for the others where one caller leaves', async () => {
    const flights = new KeyedSingleFlight<string>();
    const task = new Task();
    const leaving = new AbortController();
    const first = flights.run('a', task.run, leaving.signal);
    const second = flights.run('a', task.run, forever);
    leaving.abort(new Error('enough'));

    await expect(first).rejects.toThrow('enough');
    expect(task.signal?.aborted).toBe(false);
    task.end('done');
    await expect(second).resolves.toBe('done');
  });

  it('gives up the run that nobody waits for, and begins anew for who asks then', async () => {
    const flights = new KeyedSingleFlight<string>();
    const task = new Task();
    const leaving = new AbortController();
    const left = flights.run('a', task.run, leaving.signal);
    leaving.abort(new Error('enough'));

    await expect(left).rejects.toThrow('enough');
    expect(task.signal?.aborted).toBe(true);
    void flights.run('a', task.run, forever);
    expect(task.begun).toBe(2);
  });

  it('keeps no key whose run is over, and does not abort it', async () => {
    const flights = new KeyedSingleFlight<string>();
    const task = new Task();
    const ended = flights.run('a', task.run, forever);
    task.end('done');
    await ended;
    await settle();

    expect(flights.isRunning('a')).toBe(false);
    expect(task.signal?.aborted).toBe(false);
  });
});
