import { describe, expect, it } from '@jest/globals';
import { costAt, forecast, type ModelInputs } from '../../bench/model/cluster-model.ts';

const inputs: ModelInputs = {
  idle: { ownMs: 10, apiServerMs: 40 },
  single: { ownMs: 5, apiServerMs: 12 },
  maxPerSecond: 100,
  signerCalls: 4,
};

describe('costAt', () => {
  it('adds what each certificate costs to what is spent anyway', () => {
    expect(costAt(inputs, 2)).toEqual({ ownMs: 20, apiServerMs: 64 });
  });
});

describe('forecast', () => {
  const cluster = { pods: 43_200, ttlSeconds: 86_400, signerQps: 4_000 };

  it('lets every pod renew at half of its lifetime', () => {
    expect(forecast(inputs, cluster)).toMatchObject({ perSecond: 1 });
  });

  it('lets a restart take as long as the cluster is fast', () => {
    expect(forecast(inputs, cluster)).toMatchObject({ restartSeconds: 432 });
  });

  it('lets the limit of the signer decide where it is the smaller one', () => {
    const limited = forecast(inputs, { ...cluster, signerQps: 20 });
    expect(limited).toMatchObject({ signerMaxPerSecond: 5, restartSeconds: 8_640 });
  });
});
