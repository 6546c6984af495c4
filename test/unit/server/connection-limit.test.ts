import { describe, expect, it } from '@jest/globals';
import { roomForConnections } from '../../../src/server/connection-room.ts';

const mebibyte = 1024 * 1024;

describe('roomForConnections', () => {
  it.each([
    { limitMiB: 512, room: 2_912 },
    { limitMiB: 1_024, room: 8_738 },
    { limitMiB: 65_536, room: 20_000 },
    { limitMiB: 128, room: 256 },
  ])('is $room in $limitMiB MiB', ({ limitMiB, room }) => {
    expect(roomForConnections(limitMiB * mebibyte)).toBe(room);
  });

  it('is 20,000 where the memory has no limit', () => {
    expect(roomForConnections(undefined)).toBe(20_000);
  });
});
