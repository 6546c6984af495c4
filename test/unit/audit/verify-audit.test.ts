import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aTrail, anAudit, aDecision, never, verify } from './support/audits.ts';

let trail: readonly string[] = [];
beforeAll(async () => {
  trail = await aTrail(5);
});

const without = (index: number): readonly string[] => trail.toSpliced(index, 1);
const at = (index: number): string => trail[index] ?? '';

describe('verifyAudit', () => {
  it('finds nothing wrong with a trail that nobody touched', async () => {
    await expect(verify(trail)).resolves.toMatchObject({
      ...{ intact: true, complete: true, lines: 12, foreignLines: 0, counts: {}, problems: [] },
      chains: [{ lines: 12, firstSeq: 1, lastSeq: 12, closed: true }],
    });
  });

  it('finds every line in which one byte was changed', async () => {
    for (let index = 0; index < trail.length - 1; index += 1) {
      const text = at(index);
      for (let byte = 0; byte < text.length; byte += 17) {
        const flipped = String.fromCharCode(text.charCodeAt(byte) ^ 1);
        const changed = text.slice(0, byte) + flipped + text.slice(byte + 1);
        const report = await verify(trail.toSpliced(index, 1, changed));
        expect([index, byte, report.intact]).toEqual([index, byte, false]);
      }
    }
  });

  it('names the line that was altered', async () => {
    const changed = at(3).replace('/foo', '/bar');
    const report = await verify(trail.toSpliced(3, 1, changed));
    expect(report.problems).toMatchObject([{ kind: 'altered', seq: 4, line: 5 }]);
  });

  it('names the lines that are missing', async () => {
    const report = await verify(trail.toSpliced(3, 4));
    expect(report.problems[0]).toMatchObject({ kind: 'missing', fromSeq: 4, toSeq: 7 });
    expect(report.intact).toBe(false);
  });

  it('tells lines that were swapped from lines that are missing', async () => {
    const report = await verify(trail.toSpliced(4, 2, at(5), at(4)));
    expect(report.problems).toMatchObject([{ kind: 'reordered', seq: 5, line: 6 }]);
  });

  it('finds an altered line among swapped ones', async () => {
    const report = await verify(trail.toSpliced(4, 2, at(5), at(4).replace('/foo', '/bar')));
    expect(report.problems.map((problem) => problem.kind)).toEqual(['reordered', 'altered']);
  });

  it('finds a line that stands there twice, and counts its decision once', async () => {
    const report = await verify(trail.toSpliced(5, 0, at(2)));
    expect(report.counts).toEqual({ repeated: 1 });
  });

  it('finds an end that was cut within a line', async () => {
    const report = await verify([...trail.slice(0, 5), at(5).slice(0, 40)]);
    expect(report.problems).toMatchObject([{ kind: 'cut', line: 6 }]);
    expect(report.intact).toBe(false);
  });

  it('says of an end that was cut between lines that nobody closed it', async () => {
    const report = await verify(trail.slice(0, 5));
    expect(report).toMatchObject({ intact: true, chains: [{ closed: false, lastSeq: 5 }] });
  });

  it('says where a trail begins whose older files are gone', async () => {
    const report = await verify(trail.slice(2));
    expect(report).toMatchObject({ intact: true, chains: [{ firstSeq: 3 }] });
  });

  it('lets no chain but the first begin late', async () => {
    const other = await aTrail(1);
    const report = await verify([...trail.slice(2), ...other.slice(1)]);
    expect(report.counts).toMatchObject({ missing: 1 });
    expect(report.intact).toBe(false);
  });

  it('finds a line that was put in by hand', async () => {
    const forged = at(4).replace(/"seq":5/, '"seq":13');
    const report = await verify([...trail, forged]);
    expect(report.counts).toMatchObject({ altered: 1 });
  });

  it('names approvals whose outcome is not told', async () => {
    const { audit, sink } = await anAudit();
    await audit.intent(aDecision('lost'), never);
    const report = await verify(sink.texts);
    expect(report).toMatchObject({ intact: true, complete: false });
    expect(report.problems).toMatchObject([{ kind: 'intent_without_decision', requestId: 'lost' }]);
  });

  it('names requests that were decided twice', async () => {
    const { audit, sink } = await anAudit();
    await audit.issued(aDecision('twice'));
    await audit.issued(aDecision('twice'));
    const report = await verify(sink.texts);
    expect(report.problems).toMatchObject([{ kind: 'decided_twice', requestId: 'twice', line: 3 }]);
  });

  it('names outcomes that claim an intent which is not there', async () => {
    const report = await verify(without(1));
    expect(report.counts).toEqual({ missing: 1, decision_without_intent: 1 });
  });

  it('follows chains that were mixed, and leaves log lines aside', async () => {
    const other = await aTrail(5);
    const log = '{"level":"info","message":"serving"}';
    const mixed = trail.flatMap((line, index) => [line, log, other[index] ?? '']);
    const report = await verify(mixed);
    expect(report).toMatchObject({ intact: true, lines: 24, foreignLines: 12 });
    // The same five request ids were decided in both.
    expect(report.counts).toEqual({ decided_twice: 5 });
  });

  it('reports lines that nobody can read', async () => {
    const report = await verify(trail.toSpliced(2, 0, 'what?', 'what else?'));
    expect(report.problems).toMatchObject([
      { kind: 'unreadable', line: 3 },
      { kind: 'unreadable', line: 4 },
    ]);
  });

  it('keeps a thousand problems and counts them all', async () => {
    const report = await verify(Array.from({ length: 3000 }, () => 'damage'));
    expect(report.problems).toHaveLength(1000);
    expect(report.counts).toEqual({ unreadable: 2999, cut: 1 });
  });

  it('calls no rearrangement of a trail intact', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...trail.keys()], { minLength: 2 }), async (order) => {
        const rising = order.every((index, n) => index === (order[0] ?? 0) + n);
        const report = await verify(order.map(at));
        expect(report.intact).toBe(rising);
      }),
      { numRuns: 300 },
    );
  });

  it('reads anything without throwing', async () => {
    const line = fc.oneof(fc.string(), fc.json(), fc.constantFrom(...trail));
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (lines) => {
        await expect(verify(lines)).resolves.toBeDefined();
      }),
    );
  });
});
