import { describe, expect, it } from '@jest/globals';
import {
  allPairs,
  assertReached,
  assertRefused,
  type TrafficEvidence,
} from '../../cluster/mesh/traffic.ts';

const reached: TrafficEvidence = {
  statuses: { 200: 20 },
  handshakes: 20,
  sessionsReused: 0,
  verifyErrors: 0,
};
const refused: TrafficEvidence = {
  statuses: { 503: 20 },
  handshakes: 0,
  sessionsReused: 0,
  verifyErrors: 20,
};

describe('the evidence of traffic that must arrive', () => {
  it('is a handshake for each request', () => {
    expect(() => assertReached(reached, 20)).not.toThrow();
  });

  it.each([
    ['a request was lost', { statuses: { 200: 19, 503: 1 } }, '19 x 200, 1 x 503'],
    ['a request got no answer', { statuses: { 200: 19, '000': 1 } }, '1 x 000'],
    ['connections were shared', { handshakes: 1 }, 'a handshake for each'],
    ['sessions were resumed', { sessionsReused: 19 }, 'no session resumed'],
    ['a certificate was refused on the way', { verifyErrors: 1 }, 'fail_verify_error +1'],
  ])('is not there where %s', (_, change, message) => {
    expect(() => assertReached({ ...reached, ...change }, 20)).toThrow(message);
  });
});

describe('the evidence of traffic that must not arrive', () => {
  it('is a refused certificate for each request', () => {
    expect(() => assertRefused(refused, 20)).not.toThrow();
  });

  it.each([
    ['a request arrived', { statuses: { 200: 1, 503: 19 } }, '1 x 200, 19 x 503'],
    ['503 had another cause', { verifyErrors: 0 }, 'the certificate is why'],
  ])('is not there where %s', (_, change, message) => {
    expect(() => assertRefused({ ...refused, ...change }, 20)).toThrow(message);
  });

  it('is looked for in both directions', () => {
    expect(allPairs(['foo', 'bar'])).toEqual([
      { from: 'foo', to: 'foo' },
      { from: 'foo', to: 'bar' },
      { from: 'bar', to: 'foo' },
      { from: 'bar', to: 'bar' },
    ]);
  });
});
