import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/base/clock.ts';
import { RaError } from '../../src/base/ra-error.ts';
import type { DecisionLog } from '../../src/ra/decision-log.ts';
import { Decision } from '../../src/ra/decision.ts';
import { openTracing } from '../../src/tracing/open-tracing.ts';
import type { Tracing } from '../../src/tracing/open-tracing.ts';
import { expectMeasured } from '../support/expect-measured.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { eventually, RunningMesh } from '../support/running-mesh.ts';
import { Collector, textsOf } from '../support/trace-collector.ts';

const kept: DecisionLog = { issued: () => Promise.resolve(), refused: () => undefined };
const refusal = new RaError('SIGNER_REFUSED', 'no', { reason: 'signer_bound_elsewhere' });
const caller = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };

let collector: Collector;
let log: RecordingLogger;

function open(
  kind: 'always_on' | 'always_off' = 'always_on',
  endpoint = collector.endpoint,
): Tracing {
  const sampling = { kind, ratio: 1, parentBased: true };
  const settings = { endpoint, serviceName: 'istio-ra', sampling };
  return openTracing({ settings, version: '1.2.3', replica: 'r-0', clock: systemClock, log });
}

beforeEach(async () => {
  collector = await Collector.start();
  log = new RecordingLogger();
});

afterEach(() => collector.stop());

describe('the trace of a request', () => {
  it('has one span for each step, with the times that the steps noted', async () => {
    const clock = new FakeClock();
    const tracing = open();
    const decision = new Decision('r1', clock);
    await decision.timed('sign', async () => {
      await clock.advance(5);
      await decision.timed('wait', () => clock.advance(20));
    });
    decision.note({ signer: 'ca.example/foo' });
    await tracing.traced(kept).issued(decision);
    await tracing.stop();
    const root = collector.span('CreateCertificate');
    const sign = collector.span('sign');
    const wait = collector.span('wait');
    expect(root.parentSpanId).toBeFalsy();
    expect(sign.parentSpanId).toBe(root.spanId);
    expect(wait.parentSpanId).toBe(sign.spanId);
    expect(decision.facts.traceId).toBe(root.traceId);
    expect(wait.startTimeUnixNano).toBe(`${Date.UTC(2026, 0, 1) + 5}000000`);
    expect(wait.endTimeUnixNano).toBe(`${Date.UTC(2026, 0, 1) + 25}000000`);
    expect(textsOf(root.attributes)).toMatchObject({
      'istio_ra.outcome': 'issued',
      'istio_ra.signer': 'ca.example/foo',
    });
    expect(collector.resources[0]).toMatchObject({
      'service.name': 'istio-ra',
      'service.instance.id': 'r-0',
    });
    expect(tracing.counts).toEqual({ sent: 3, failed: 0 });
  });

  it("is part of its caller's", async () => {
    const tracing = open('always_off');
    const decision = new Decision('r1', systemClock, caller);
    tracing.traced(kept).refused(decision, refusal);
    await tracing.stop();
    expect(collector.span('CreateCertificate')).toMatchObject({
      traceId: caller.traceId,
      parentSpanId: caller.spanId,
      status: { code: 2, message: 'SIGNER_REFUSED/signer_bound_elsewhere' },
    });
  });

  it('is not made where neither caller nor sampler wants it', async () => {
    const tracing = open('always_off');
    const decision = new Decision('r1', systemClock);
    await tracing.traced(kept).issued(decision);
    await tracing.stop();
    expect(collector.spans).toEqual([]);
    expect(decision.facts.traceId).toBeUndefined();
  });

  it('tells that the audit line was not written, and lets that be known', async () => {
    const tracing = open();
    const full: DecisionLog = { ...kept, issued: () => Promise.reject(refusal) };
    const issuing = tracing.traced(full).issued(new Decision('r1', systemClock));
    await expect(issuing).rejects.toBe(refusal);
    await tracing.stop();
    expect(collector.span('CreateCertificate').status.code).toBe(2);
  });
});

describe('a collector that does not take traces', () => {
  it('is told of once, and costs no request anything', async () => {
    collector.status = 400;
    const tracing = open();
    await tracing.traced(kept).issued(new Decision('r1', systemClock));
    await tracing.stop();
    expect(tracing.counts).toEqual({ sent: 0, failed: 1 });
    const told = log.lines.filter(({ message }) => message.includes('collector did not take'));
    expect(told).toHaveLength(1);
  });

  it('does not hold up the end', async () => {
    const limit = { what: 'the end of tracing', unit: 'ms', bound: { atMost: 6_000 } } as const;
    await expectMeasured(limit, async () => {
      const tracing = open('always_on', 'http://127.0.0.1:9');
      await tracing.traced(kept).issued(new Decision('r1', systemClock));
      const start = performance.now();
      await tracing.stop();
      return performance.now() - start;
    });
  }, 40_000);
});

describe('the running authority', () => {
  it('sends the spans of a request and writes their trace id into log and audit line', async () => {
    const mesh = await RunningMesh.start({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
    });
    try {
      await mesh.request();
      await eventually(() => collector.spans.length >= 8);
      const names = collector.spans.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining([
          ...['CreateCertificate', 'authenticate', 'authorize', 'admit', 'verify'],
          ...['sign', 'create', 'intent', 'approve', 'wait'],
        ]),
      );
      const { traceId } = collector.span('CreateCertificate');
      const logged = mesh.log.lines.find(({ message }) => message === 'certificate issued');
      expect(logged?.fields['traceId']).toBe(traceId);
      const lines = (await readFile(join(mesh.directory, 'audit.jsonl'), 'utf8'))
        .trim()
        .split('\n');
      const decision = lines.find((line) => line.includes('"kind":"decision"'));
      expect(decision).toContain(`"traceId":"${traceId}"`);
    } finally {
      await mesh[Symbol.asyncDispose]();
    }
  });
});
