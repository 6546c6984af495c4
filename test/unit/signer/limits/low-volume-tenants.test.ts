import { beforeEach, describe, expect, it } from '@jest/globals';
import { LowVolumeTenants } from '../../../../src/signer/limits/low-volume-tenants.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

let clock: FakeClock;
let tenants: LowVolumeTenants;

beforeEach(() => {
  clock = new FakeClock();
  tenants = new LowVolumeTenants(clock);
});

function ask(tenant: string, times: number): (() => void)[] {
  return Array.from({ length: times }, () => tenants.requested(tenant));
}

describe('LowVolumeTenants', () => {
  it('knows of none where nobody asks', () => {
    expect(tenants.any).toBe(false);
  });

  it('counts a tenant with four requests under way, and not one with five', () => {
    ask('foo', 4);
    expect(tenants.any).toBe(true);
    ask('foo', 1);
    expect(tenants.any).toBe(false);
  });

  it('sees one that asks for little beside one that floods, in whatever order they come', () => {
    ask('foo', 100);
    ask('bar', 1);
    ask('foo', 100);
    expect(tenants.any).toBe(true);
  });

  it('counts what is under way, not what has ended', () => {
    for (let time = 0; time < 100; time += 1) ask('bar', 1).forEach((ended) => ended());
    expect(tenants.any).toBe(true);
  });

  it('takes the end of a request once', () => {
    const [ended] = ask('foo', 5);
    ended?.();
    ended?.();
    ended?.();
    ask('foo', 1);
    expect(tenants.any).toBe(false);
  });

  it('forgets ten seconds after its last request', async () => {
    ask('bar', 1);
    await clock.advance(9_000);
    ask('bar', 1);
    await clock.advance(9_999);
    expect(tenants.any).toBe(true);
    await clock.advance(1);
    expect(tenants.any).toBe(false);
  });

  it('remembers the newest of more tenants than it has room for', async () => {
    for (let at = 0; at < 3_000; at += 1) ask(`n${at}`, 1);
    await clock.advance(5_000);
    ask('newest', 1);
    await clock.advance(6_000);
    expect(tenants.any).toBe(true);
  });
});
