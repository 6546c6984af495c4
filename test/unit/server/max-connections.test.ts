import { describe, expect, it } from '@jest/globals';
import { connectionLimitFor } from '../../../src/server/max-connections.ts';

const mebibyte = 1024 * 1024;

describe('connectionLimitFor', () => {
  it.each([
    { limitMiB: 512, room: 2_912 },
    { limitMiB: 1_024, room: 8_738 },
    { limitMiB: 65_536, room: 20_000 },
    { limitMiB: 128, room: 256 },
  ])('is $room in $limitMiB MiB', ({ limitMiB, room }) => {
    expect(connectionLimitFor(limitMiB * mebibyte)).toBe(room);
  });

  it('is 20,000 where the memory has no limit', () => {
    expect(connectionLimitFor(undefined)).toBe(20_000);
  });
});
