import { describe, expect, it } from '@jest/globals';
import { Decision } from '../../../src/ra/decision.ts';
import { KeyHolders } from '../../../src/ra/key-holders.ts';
import type { KeyHoldersOptions } from '../../../src/ra/key-holders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const [ours, theirs] = ['spiffe://cluster.local/ns/foo/sa/a', 'spiffe://cluster.local/ns/bar/sa/b'];

function setUp(options: Partial<KeyHoldersOptions> = {}) {
  const log = new RecordingLogger();
  const holders = new KeyHolders({ denyReuse: false, log, ...options });
  const claim = (spkiSha256: string, identity: string): Decision => {
    const decision = new Decision(`request for ${identity}`, new FakeClock());
    holders.claim({ spkiSha256, identity }, decision);
    return decision;
  };
  return { claim, log };
}

describe('a key', () => {
  it('may be used again by its holder', () => {
    const { claim, log } = setUp({ denyReuse: true });
    claim('k1', ours);

    expect(claim('k1', ours).facts.keyHeldBy).toBeUndefined();
    expect(log.lines).toEqual([]);
  });

  it('F61: of another identity is noted in the decision', () => {
    const { claim } = setUp();
    claim('k1', ours);

    expect(claim('k1', theirs).facts.keyHeldBy).toBe(ours);
  });

  it('F61: of another identity is warned of with both names', () => {
    const { claim, log } = setUp();
    claim('k1', ours);
    claim('k1', theirs);

    expect(log.lines).toMatchObject([
      { level: 'warn', fields: { spkiSha256: 'k1', holder: ours, identity: theirs } },
    ]);
  });

  it('F61: of another identity is refused where reuse is denied', () => {
    const { claim } = setUp({ denyReuse: true });
    claim('k1', ours);

    expect(() => claim('k1', theirs)).toThrow(
      expect.objectContaining({ code: 'KEY_REFUSED', reason: 'key_reused' }),
    );
  });

  it('stays that of who came first, whoever else was refused', () => {
    const { claim } = setUp({ denyReuse: true });
    claim('k1', ours);
    expect(() => claim('k1', theirs)).toThrow();

    expect(() => claim('k1', ours)).not.toThrow();
  });

  it('is remembered for as long as it is among the last that were used', () => {
    const { claim } = setUp({ maxKeys: 2 });
    claim('k1', ours);
    claim('k2', ours);
    claim('k1', ours);
    claim('k3', ours);

    expect(claim('k1', theirs).facts.keyHeldBy).toBe(ours);
  });

  it('is forgotten when too many others came after it', () => {
    const { claim } = setUp({ maxKeys: 2 });
    for (const key of ['k1', 'k2', 'k3']) claim(key, ours);

    expect(claim('k1', theirs).facts.keyHeldBy).toBeUndefined();
  });
});
