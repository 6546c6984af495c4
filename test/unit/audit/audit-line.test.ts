import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decisionLine, intentLine } from '../../../src/audit/audit-line.ts';
import { asciiJson, boundedText } from '../../../src/audit/audit-text.ts';
import { HashChain } from '../../../src/audit/hash-chain.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { Decision } from '../../../src/ra/decision.ts';
import { expectProperty } from '../../support/expect-property.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { aDecision } from './support/audits.ts';

const now = Date.UTC(2026, 0, 1);
const hostile = fc.string({ unit: 'binary', maxLength: 600 });

function ended(code: 'CANCELLED' | 'SIGNER_REFUSED' | 'NOT_READY', reason?: string): unknown {
  const error = new RaError(code, 'test', reason === undefined ? {} : { reason });
  return decisionLine(aDecision('r1'), { now, intended: false, error }).outcome;
}

describe('a line', () => {
  it('tells an intent as what is to be signed, for whom', () => {
    expect(intentLine(aDecision('r1'), now)).toEqual({
      ...{ kind: 'intent', time: '2026-01-01T00:00:00.000Z', requestId: 'r1' },
      ...{ csrName: 'ra-abc', csrUid: 'uid-1', signer: 'clusterissuers.cert-manager.io/foo' },
      identity: 'spiffe://cluster.local/ns/foo/sa/httpbin',
      caller: 'spiffe://cluster.local/ns/foo/sa/httpbin',
      ...{ spkiSha256: 'ab'.repeat(32), ttlSeconds: 86_400 },
    });
  });

  it('tells a certificate with the outcome and every fact', () => {
    const decision = aDecision('r1');
    const moreFacts = {
      leafSha256: 'cd'.repeat(32),
      callerPodUid: 'pod-uid',
      sharedWith: 'r0',
      keyHeldBy: 'spiffe://td/ns/a/sa/b',
    };
    decision.note({ serialNumber: '0a', notAfter: '2026-01-02T00:00:00.000Z', ...moreFacts });
    expect(decisionLine(decision, { now, intended: true })).toMatchObject({
      ...{ kind: 'decision', outcome: 'issued', intended: true, code: undefined },
      ...{ peer: '10.0.0.7:40000', method: 'kubernetes-token', callerPod: 'httpbin-1' },
      ...{ assignedBy: 'meshConfig.defaultConfig', ttlAskedSeconds: '86400', meshGeneration: 3 },
      ...{ serialNumber: '0a', notAfter: '2026-01-02T00:00:00.000Z', ...moreFacts },
    });
  });

  it('tells a refusal with code and reason, and without its message', () => {
    const error = new RaError('CSR_REJECTED', 'secret detail', { reason: 'san_mismatch' });
    const line = decisionLine(aDecision('r1'), { now, intended: false, error });
    expect(line).toMatchObject({
      ...{ outcome: 'refused', code: 'CSR_REJECTED', reason: 'san_mismatch' },
    });
    expect(JSON.stringify(line)).not.toContain('secret detail');
  });

  it('calls a request abandoned when nobody decided against it', () => {
    expect(ended('CANCELLED')).toBe('abandoned');
    expect(ended('NOT_READY', 'shutting_down')).toBe('abandoned');
    expect(ended('NOT_READY', 'audit_stuck')).toBe('refused');
    expect(ended('SIGNER_REFUSED')).toBe('refused');
  });

  it('keeps how long each step took', async () => {
    const clock = new FakeClock();
    const decision = aDecision('r1', clock);
    await decision.timed('sign', () => clock.advance(12));
    expect(decisionLine(decision, { now, intended: false })).toMatchObject({
      ...{ totalMs: 12, stepsMs: { sign: 12 } },
    });
  });

  it('is one printable JSON object of bounded length whatever the facts hold', () => {
    const facts = fc.record({
      ...{ peer: hostile, caller: hostile, identity: hostile, signer: hostile, csrName: hostile },
      ...{ serialNumber: hostile, notAfter: hostile, callerPod: hostile, assignedBy: hostile },
    });
    expectProperty(
      fc.property(hostile, facts, hostile, (requestId, noted, reason) => {
        const decision = new Decision(requestId, new FakeClock());
        decision.note(noted);
        decision.stepsMs[reason] = 1;
        const error = new RaError('CSR_REJECTED', reason, { reason });
        const line = decisionLine(decision, { now, intended: true, error });
        const text = new HashChain(undefined).seal(line).toString('latin1');
        expect(text).toMatch(/^\{[ -~]*\}\n$/);
        expect(text.length).toBeLessThan(32_768);
        const read = JSON.parse(text) as Record<string, unknown>;
        expect(read['identity']).toBe(line.identity);
        expect(String(read['requestId']).length).toBeLessThanOrEqual(256);
      }),
      { numRuns: 300 },
    );
  });

  it('loses nothing of a text by escaping it', () => {
    expectProperty(
      fc.property(hostile, (text) => {
        expect(JSON.parse(asciiJson({ text }))).toEqual({ text });
      }),
    );
  });

  it('keeps long texts apart that begin alike', () => {
    const left = boundedText(`${'x'.repeat(300)}a`);
    const right = boundedText(`${'x'.repeat(300)}b`);
    expect(left).toHaveLength(256);
    expect(left).not.toBe(right);
  });
});
