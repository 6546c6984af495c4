import { describe, expect, it } from '@jest/globals';
import { name, SignerBench } from '../signer-bench.ts';

const approved = { type: 'Approved', status: 'True' };

function lastNameOf(bench: SignerBench): string {
  return [...bench.requests.objects.keys()].at(-1) ?? '';
}

describe('F9: a name that is taken', () => {
  it('by our own unfinished request is adopted, approved and removed', async () => {
    const bench = await SignerBench.make();
    await bench.plant();
    const { result } = await bench.sign();
    expect(bench.requests.calls).toEqual(['create', 'read', 'approve']);
    bench.issue();
    await expect(result).resolves.toBe('PEM');
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
    expect(bench.existingCounts).toEqual({ adopted: 1, spent: 0, squatted: 0 });
  });

  it('by a request of ours that was issued already gives its certificate at once', async () => {
    const bench = await SignerBench.make();
    await bench.plant();
    bench.requests.addCondition(name, approved);
    bench.requests.setCertificate(name, 'EARLIER');
    const { result } = await bench.sign();
    await expect(result).resolves.toBe('EARLIER');
    expect(bench.requests.calls).not.toContain('approve');
    expect(bench.intents).toEqual(['r1']);
  });

  it('by another account is left alone, told, and another name is used', async () => {
    const bench = await SignerBench.make();
    const { creator } = bench.requests;
    bench.requests.creator = 'system:serviceaccount:evil:squatter';
    await bench.plant();
    bench.requests.creator = creator;
    const squat = bench.requests.objects.get(name);
    const { result } = await bench.sign();
    expect(lastNameOf(bench)).not.toBe(name);
    bench.issue('PEM', lastNameOf(bench));
    await expect(result).resolves.toBe('PEM');
    await bench.deletions.drained();
    expect([...bench.requests.objects.values()]).toEqual([squat]);
    expect(bench.existingCounts.squatted).toBe(1);
    expect(bench.log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        fields: expect.objectContaining({ why: 'foreign_account' }) as unknown,
      }),
    );
  });

  it.each<[string, (bench: SignerBench) => Promise<void>]>([
    [
      'another signer',
      (bench) => bench.plant({ signerName: 'clusterissuers.cert-manager.io/bar' }),
    ],
    [
      'a label missing',
      async (bench) => {
        bench.requests.mutate = (object) => ({ ...object, labels: {} });
        await bench.plant();
      },
    ],
    [
      'another CSR',
      async (bench) => {
        bench.requests.mutate = (object) => ({ ...object, requestPem: 'OTHER' });
        await bench.plant();
      },
    ],
    [
      'other usages',
      async (bench) => {
        bench.requests.mutate = (object) => ({ ...object, usages: ['cert sign'] });
        await bench.plant();
      },
    ],
    [
      'another lifetime',
      async (bench) => {
        bench.requests.mutate = (object) => ({ ...object, expirationSeconds: 86_400 });
        await bench.plant();
      },
    ],
  ])('by an object of ours with %s is never approved', async (_what, plant) => {
    const bench = await SignerBench.make();
    await plant(bench);
    bench.requests.mutate = (object) => object;
    await bench.sign();
    expect(bench.requests.objects.get(name)?.conditions).toEqual([]);
    expect(bench.requests.objects.get(lastNameOf(bench))?.conditions).toHaveLength(1);
  });

  it.each(['Denied', 'Failed'])(
    'by a %s request of ours is of no use, and another is made',
    async (type) => {
      const bench = await SignerBench.make();
      await bench.plant();
      bench.requests.addCondition(name, { type, status: 'True' });
      const { result } = await bench.sign();
      bench.issue('PEM', lastNameOf(bench));
      await expect(result).resolves.toBe('PEM');
      expect(bench.existingCounts.spent).toBe(1);
    },
  );

  it('by a request of ours that is being deleted is of no use', async () => {
    const bench = await SignerBench.make();
    const raw = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
    bench.requests.mutate = (object) => ({ ...object, raw });
    await bench.plant();
    await bench.sign();
    expect(bench.existingCounts.spent).toBe(1);
  });

  it('is never adopted while we do not know who we are', async () => {
    const bench = await SignerBench.make({ username: undefined });
    await bench.plant();
    await bench.sign();
    expect(bench.requests.objects.get(name)?.conditions).toEqual([]);
    expect(bench.existingCounts.squatted).toBe(1);
  });

  it('three times ends the request', async () => {
    const bench = await SignerBench.make();
    bench.requests.creator = 'system:serviceaccount:evil:squatter';
    await bench.plant();
    const squat = bench.requests.objects.get(name);
    if (squat === undefined) throw new Error('no object');
    bench.requests.objects.set = function set(this: Map<string, typeof squat>) {
      return this;
    };
    bench.requests.objects.has = () => true;
    bench.requests.objects.get = () => squat;
    const { result } = await bench.sign();
    await expect(result).rejects.toMatchObject({ reason: 'names_taken' });
    expect(bench.requests.calls.filter((call) => call === 'create')).toHaveLength(3);
  });
});

describe('F60: the existing request of a process that has our name', () => {
  it('is waited for by both, and gives both its certificate', async () => {
    const bench = await SignerBench.make();
    await bench.plant();
    const { result } = await bench.sign();
    bench.issue();
    bench.feed.gone({ name, uid: bench.requests.objects.get(name)?.uid ?? '' });
    await expect(result).resolves.toBe('PEM');
  });

  it('is replaced when that process removes it before it was signed', async () => {
    const bench = await SignerBench.make();
    await bench.plant();
    const { result } = await bench.sign();
    const { uid = '' } = bench.requests.objects.get(name) ?? {};
    bench.requests.objects.delete(name);
    bench.feed.gone({ name, uid });
    await bench.clock.advance(1_000);
    bench.issue('OWN', lastNameOf(bench));
    await expect(result).resolves.toBe('OWN');
  });
});

describe('F60: the existing request of another replica', () => {
  const foreign = { replica: 'replica-2' };

  it('is followed by reading it, and left to its owner', async () => {
    const bench = await SignerBench.make();
    await bench.plant(foreign);
    const { result } = await bench.sign();
    expect(bench.requests.objects.get(name)?.conditions).toHaveLength(1);
    bench.requests.setCertificate(name, 'PEM');
    await bench.clock.advance(1_500);
    await expect(result).resolves.toBe('PEM');
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(1);
  });

  it('is replaced by an object of our own when its owner removes it', async () => {
    const bench = await SignerBench.make();
    await bench.plant(foreign);
    const { result } = await bench.sign();
    bench.requests.objects.delete(name);
    await bench.clock.advance(1_500);
    const own = lastNameOf(bench);
    expect(own).not.toBe(name);
    bench.issue('OWN', own);
    await expect(result).resolves.toBe('OWN');
    expect(bench.intents).toEqual(['r1', 'r1']);
  });

  it('costs no certificate when reading it fails for a while', async () => {
    const bench = await SignerBench.make();
    await bench.plant(foreign);
    const { result } = await bench.sign();
    bench.requests.disturb('read', { kind: 'answer_lost' }, { kind: 'hangs' });
    bench.requests.setCertificate(name, 'PEM');
    await bench.clock.advance(8_000);
    await expect(result).resolves.toBe('PEM');
  });
});
