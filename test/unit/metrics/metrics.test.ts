import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { Metrics } from '../../../src/metrics/metrics.ts';
import type { MetricsSources } from '../../../src/metrics/metrics-sources.ts';
import type { DecisionLog } from '../../../src/ra/decision-log.ts';
import { Decision } from '../../../src/ra/decision.ts';
import { expectMeasured } from '../../support/expect-measured.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { aDecision } from './decisions.ts';
import { parseSamples, seriesOf } from '../../support/scraped-samples.ts';

const kept: DecisionLog = { issued: () => Promise.resolve(), refused: () => undefined };

function setUp(inner: DecisionLog = kept, sources: MetricsSources = {}) {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const metrics = new Metrics({ version: '1.2.3', clock, log });
  metrics.addSources(sources);
  return { clock, log, metrics, decisions: metrics.metered(inner) };
}

const refusal = new RaError('SIGNER_REFUSED', 'no', { reason: 'signer_bound_elsewhere' });

describe('requests', () => {
  it('are counted by signer, namespace, outcome and reason', async () => {
    const { clock, metrics, decisions } = setUp();
    await decisions.issued(aDecision(clock, 'foo'));
    decisions.refused(aDecision(clock, 'bar'), refusal);
    decisions.refused(aDecision(clock, 'foo'), new RaError('CANCELLED', 'gone'));
    expect(await seriesOf(metrics, 'istio_ra_requests_total')).toEqual({
      'signer=ca.example/foo,workload_namespace=foo,outcome=issued,reason=none': 1,
      'signer=ca.example/foo,workload_namespace=bar,outcome=refused,reason=signer_bound_elsewhere': 1,
      'signer=ca.example/foo,workload_namespace=foo,outcome=abandoned,reason=cancelled': 1,
    });
  });

  it('of callers who proved nothing have neither signer nor namespace', async () => {
    const { clock, metrics, decisions } = setUp();
    const stranger = new Decision('r1', clock);
    stranger.note({ certSigner: 'made-up', peer: '10.0.0.1:1' });
    decisions.refused(stranger, new RaError('CALLER_UNAUTHENTICATED', 'no'));
    expect(await seriesOf(metrics, 'istio_ra_requests_total')).toEqual({
      'signer=none,workload_namespace=none,outcome=refused,reason=caller_unauthenticated': 1,
    });
  });

  it('are counted as failed when the certificate was not handed out for want of an audit line', async () => {
    const full: DecisionLog = { ...kept, issued: () => Promise.reject(refusal) };
    const { clock, metrics, decisions } = setUp(full);
    await expect(decisions.issued(aDecision(clock, 'foo'))).rejects.toBe(refusal);
    expect(Object.keys(await seriesOf(metrics, 'istio_ra_requests_total'))).toEqual([
      'signer=ca.example/foo,workload_namespace=foo,outcome=refused,reason=signer_bound_elsewhere',
    ]);
  });

  it('are answered though they cannot be counted', async () => {
    const { clock, log, metrics } = setUp();
    const decision = aDecision(clock, 'foo');
    decision.elapsedMs = () => Number.NaN;
    await metrics.metered(kept).issued(decision);
    expect(log.lines.map(({ message }) => message)).toEqual(['a request was not counted']);
  });

  it('show how long they and their steps took', async () => {
    const { clock, metrics, decisions } = setUp();
    const decision = aDecision(clock, 'foo');
    await decision.timed('sign', () => clock.advance(300));
    await decisions.issued(decision);
    expect(await seriesOf(metrics, 'istio_ra_request_duration_seconds_sum')).toEqual({
      'outcome=issued': 0.3,
    });
    expect(await seriesOf(metrics, 'istio_ra_step_duration_seconds_bucket')).toMatchObject({
      'le=0.25,step=sign': 0,
      'le=0.5,step=sign': 1,
    });
  });
});

describe("istiod's and gRPC's own names", () => {
  it('count what comes in and how it ends', async () => {
    const { clock, metrics, decisions } = setUp();
    metrics.onRequest();
    metrics.onRequest();
    await decisions.issued(aDecision(clock, 'foo'));
    decisions.refused(aDecision(clock, 'foo'), refusal);
    decisions.refused(new Decision('r', clock), new RaError('CALLER_UNAUTHENTICATED', 'no'));
    const sanMismatch = { reason: 'san_mismatch' };
    decisions.refused(aDecision(clock, 'foo'), new RaError('CSR_REJECTED', 'no', sanMismatch));
    decisions.refused(
      aDecision(clock, 'foo'),
      new RaError('CSR_REJECTED', 'no', { reason: 'pem' }),
    );
    decisions.refused(aDecision(clock, 'foo'), new RaError('CANCELLED', 'gone'));
    const { body } = await metrics.scrape();
    expect(
      Object.fromEntries(
        parseSamples(body)
          .filter(({ name }) => name.startsWith('citadel_'))
          .map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
      ),
    ).toEqual({
      citadel_server_csr_count: 2,
      citadel_server_success_cert_issuance_count: 1,
      citadel_server_authentication_failure_count: 1,
      citadel_server_id_extraction_err_count: 1,
      citadel_server_csr_parsing_err_count: 1,
      'citadel_server_csr_sign_err_count UNKNOWN': 2,
      'citadel_server_csr_sign_err_count CSR_ERROR': 2,
    });
    const call =
      'grpc_type=unary,grpc_service=istio.v1.auth.IstioCertificateService,grpc_method=CreateCertificate';
    expect(await seriesOf(metrics, 'grpc_server_started_total')).toEqual({ [call]: 2 });
    expect(await seriesOf(metrics, 'grpc_server_handled_total')).toEqual({
      [`${call},grpc_code=OK`]: 1,
      [`${call},grpc_code=InvalidArgument`]: 2,
      [`${call},grpc_code=PermissionDenied`]: 1,
      [`${call},grpc_code=Unauthenticated`]: 1,
      [`${call},grpc_code=Canceled`]: 1,
    });
  });
});

describe('an attack of made-up names', () => {
  it('finds the number of series bounded', async () => {
    const { clock, metrics, decisions } = setUp();
    for (let n = 0; n < 20_000; n += 1) {
      const decision = aDecision(clock, `made-up-${n}`, { signer: `ca.example/${n % 1000}` });
      await decision.timed(`step-${n}`, () => undefined);
      decisions.refused(decision, new RaError('SIGNER_REFUSED', 'no', { reason: `reason_${n}` }));
      const resource = `made-up-${n}`;
      metrics.onApiCall({ verb: 'get', resource, status: n, aborted: false, durationMs: 1 });
    }
    const requests = await seriesOf(metrics, 'istio_ra_requests_total');
    expect(Object.keys(requests).length).toBeLessThan(4_500);
    expect(Object.values(requests).reduce((sum, value) => sum + value, 0)).toBe(20_000);
    const { body } = await metrics.scrape();
    const steps = parseSamples(body).filter(
      ({ name }) => name === 'istio_ra_step_duration_seconds_count',
    );
    expect(steps).toHaveLength(33);
    const namespaces = new Set(
      parseSamples(body).map(({ labels }) => labels['workload_namespace']),
    );
    expect(namespaces.size).toBeLessThan(505);
    expect(parseSamples(body).length).toBeLessThan(8_000);
  });

  it('with the rest of a name beyond all bounds leaves no room for it', async () => {
    const { clock, metrics, decisions } = setUp();
    await decisions.issued(aDecision(clock, 'x'.repeat(10_000)));
    expect(Object.keys(await seriesOf(metrics, 'istio_ra_requests_total'))).toEqual([
      'signer=ca.example/foo,workload_namespace=other,outcome=issued,reason=none',
    ]);
  });
});

describe('a scrape', () => {
  it('costs no more for each namespace where there are ten times as many', async () => {
    const what = 'CPU of a scrape of 500 namespaces to that of 50';
    const limit = { what, unit: '', bound: { atMost: 15 } } as const;
    const ratio = async (): Promise<number> => {
      const few = await scrapeMsAt(50);
      return (await scrapeMsAt(500)) / few;
    };
    await expectMeasured(limit, ratio);
  });
});

/** The least CPU that a scrape took, in milliseconds, with so many namespaces under 50 signers. */
async function scrapeMsAt(namespaces: number): Promise<number> {
  const { clock, metrics, decisions } = setUp();
  for (let n = 0; n < namespaces; n += 1) {
    const decision = aDecision(clock, `tenant-${n}`, { signer: `ca.example/${n % 50}` });
    for (const step of ['authenticate', 'authorize', 'admit', 'create', 'wait', 'verify']) {
      await decision.timed(step, () => undefined);
    }
    await decisions.issued(decision);
    decisions.refused(decision, refusal);
  }
  let min = Infinity;
  for (let n = 0; n < 30; n += 1) {
    const before = process.cpuUsage();
    await metrics.scrape();
    const { user, system } = process.cpuUsage(before);
    min = Math.min(min, (user + system) / 1000);
  }
  return min;
}

describe('sources', () => {
  it('that are absent have no series, and one that throws costs no other its own', async () => {
    const { metrics } = setUp(kept, {
      connections: () => 3,
      callsInFlight: () => {
        throw new Error('not now');
      },
    });
    expect(await seriesOf(metrics, 'istio_ra_grpc_connections')).toEqual({ '': 3 });
    expect(await seriesOf(metrics, 'istio_ra_requests_in_flight')).toEqual({});
    expect(await seriesOf(metrics, 'istio_ra_leader')).toEqual({});
  });

  it('are asked anew at each scrape, so that what is gone has no series', async () => {
    const roots = [{ signer: 'ca.example/foo', notAfter: 2_000_000_000_000 }];
    const { metrics } = setUp(kept, { roots: () => roots });
    const name = 'istio_ra_signer_root_expiry_timestamp_seconds';
    expect(await seriesOf(metrics, name)).toEqual({ 'signer=ca.example/foo': 2_000_000_000 });
    roots.pop();
    expect(await seriesOf(metrics, name)).toEqual({});
  });

  it("give istiod's names the first end of all", async () => {
    const { clock, metrics } = setUp(kept, {
      roots: () => [
        { signer: 'a', notAfter: Date.UTC(2026, 0, 3) },
        { signer: 'b', notAfter: Date.UTC(2026, 0, 2) },
      ],
    });
    await clock.advance(3_600_000);
    expect(await seriesOf(metrics, 'citadel_server_root_cert_expiry_timestamp')).toEqual({
      '': Date.UTC(2026, 0, 2) / 1000,
    });
    expect(await seriesOf(metrics, 'citadel_server_root_cert_expiry_seconds')).toEqual({
      '': 23 * 3600,
    });
  });

  it('that only one part has are told with their labels', async () => {
    const { metrics } = setUp(kept, {
      queue: () => ({ waiting: 2, inFlight: 5 }),
      circuits: () => [{ signer: 'a', state: 'open' }],
      signerLoads: () => [{ signer: 'a', limit: 13, inFlight: 12, waiting: 7 }],
      servingCertificate: () => undefined,
      leader: () => true,
      distribution: () => ({ upToDate: 9, behind: 1, failures: 4 }),
      passThrough: () => [{ port: '15010', open: 1, total: 7, failed: 2 }],
      traces: () => ({ sent: 6, failed: 0 }),
    });
    expect(await seriesOf(metrics, 'istio_ra_queue_waiting')).toEqual({ '': 2 });
    expect(await seriesOf(metrics, 'istio_ra_signer_circuit_state')).toEqual({
      'signer=a,state=closed': 0,
      'signer=a,state=half-open': 0,
      'signer=a,state=open': 1,
    });
    expect(await seriesOf(metrics, 'istio_ra_signer_requests')).toEqual({
      'signer=a,state=asked': 12,
      'signer=a,state=waiting': 7,
    });
    expect(await seriesOf(metrics, 'istio_ra_signer_requests_limit')).toEqual({ 'signer=a': 13 });
    expect(
      await seriesOf(metrics, 'istio_ra_serving_certificate_expiry_timestamp_seconds'),
    ).toEqual({});
    expect(await seriesOf(metrics, 'istio_ra_leader')).toEqual({ '': 1 });
    expect(await seriesOf(metrics, 'istio_ra_distribution_namespaces')).toEqual({
      'state=up-to-date': 9,
      'state=behind': 1,
    });
    expect(await seriesOf(metrics, 'istio_ra_pass_through_failures_total')).toEqual({
      'port=15010': 2,
    });
    expect(await seriesOf(metrics, 'istio_ra_trace_spans_total')).toMatchObject({
      'result=sent': 6,
    });
  });
});

describe('calls to API servers', () => {
  it('are counted by verb, resource and code', async () => {
    const { metrics } = setUp();
    const call = { verb: 'create', resource: 'tokenreviews', aborted: false, durationMs: 20 };
    metrics.onApiCall({ ...call, status: 201 });
    metrics.onApiCall({ ...call, status: undefined });
    metrics.onApiCall({ ...call, status: undefined, aborted: true });
    expect(await seriesOf(metrics, 'istio_ra_kubernetes_calls_total')).toEqual({
      'verb=create,resource=tokenreviews,code=201': 1,
      'verb=create,resource=tokenreviews,code=unanswered': 1,
      'verb=create,resource=tokenreviews,code=aborted': 1,
    });
    expect(await seriesOf(metrics, 'istio_ra_kubernetes_call_duration_seconds_sum')).toEqual({
      'verb=create,resource=tokenreviews': 0.06,
    });
  });
});
