import { describe, expect, it } from '@jest/globals';
import { nearestName } from '../../../src/config/nearest-name.ts';

const known = ['httpAddr', 'httpsAddr', 'CLUSTER_ID', 'meshConfig'];

describe('nearestName', () => {
  it.each([
    ['httpadr', 'httpAddr'],
    ['httpsAdr', 'httpsAddr'],
    ['cluster-id', 'CLUSTER_ID'],
    ['meshconfg', 'meshConfig'],
  ])('finds for %s what was meant', (name, meant) => {
    expect(nearestName(name, known)).toBe(meant);
  });

  it.each(['', 'x', 'somethingElse', 'x'.repeat(1000)])('finds nothing near %j', (name) => {
    expect(nearestName(name, known)).toBeUndefined();
  });

  it('counts no more slips than it is told', () => {
    expect(nearestName('meshCnf', known, 2)).toBeUndefined();
    expect(nearestName('meshConf', known, 2)).toBe('meshConfig');
  });
});
