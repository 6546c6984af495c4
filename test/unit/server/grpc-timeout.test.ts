import { describe, expect, it } from '@jest/globals';
import { clampGrpcTimeout } from '../../../src/server/grpc-timeout.ts';

describe('clampGrpcTimeout', () => {
  it.each([
    ['99999999H', '3600S'],
    ['2592000S', '3600S'],
    ['61M', '3600S'],
    ['3600001m', '3600S'],
  ])('shortens %s to %s', (given, expected) => {
    const headers = { 'grpc-timeout': given };
    clampGrpcTimeout(headers);

    expect(headers['grpc-timeout']).toBe(expected);
  });

  it.each(['1H', '60S', '99999999u', '0n', '', 'soon', '1S2H', '999999999H'])(
    'leaves %j alone',
    (given) => {
      const headers = { 'grpc-timeout': given };
      clampGrpcTimeout(headers);

      expect(headers['grpc-timeout']).toBe(given);
    },
  );

  it('adds no header', () => {
    const headers = {};
    clampGrpcTimeout(headers);

    expect(headers).toEqual({});
  });
});
