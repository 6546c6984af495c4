import type { Clock } from '../base/clock.ts';
import { each, itself, metricsOf, single } from './from-source.ts';
import type { From } from './from-source.ts';
import type { MetricsSources, SignerExpiry } from './metrics-sources.ts';
import type { PulledMetric, Sample } from './pulled-metric.ts';
import { signerMetrics } from './signer-metrics.ts';

/** The metrics of those sources that there are. */
export function sourceMetrics(sources: MetricsSources): readonly PulledMetric[] {
  const from = metricsOf(sources);
  return [
    ...trafficMetrics(from),
    ...kubernetesMetrics(from),
    ...signingMetrics(from),
    ...signerMetrics(from),
    ...configMetrics(from),
    ...expiryMetrics(from),
    ...replicaMetrics(from),
  ];
}

function trafficMetrics(from: From): readonly PulledMetric[] {
  return [
    ...from('callsInFlight', {
      requests_in_flight: single('gauge', 'Certificate requests without an answer yet.', itself),
    }),
    ...from('connections', {
      grpc_connections: single('gauge', 'Open connections to the gRPC port.', itself),
    }),
    ...from('queue', {
      queue_waiting: single('gauge', 'Requests that wait for their turn.', (q) => q.waiting),
      queue_in_flight: single('gauge', 'Requests that have their turn.', (q) => q.inFlight),
    }),
    ...from('passThrough', {
      pass_through_connections: each(
        { kind: 'gauge', help: 'Open connections handed through to istiod.', labels: ['port'] },
        ({ port, open }) => [{ labels: { port }, value: open }],
      ),
      pass_through_connections_total: each(
        { kind: 'counter', help: 'Connections handed through to istiod.', labels: ['port'] },
        ({ port, total }) => [{ labels: { port }, value: total }],
      ),
      pass_through_failures_total: each(
        { kind: 'counter', help: 'Connections that istiod did not take.', labels: ['port'] },
        ({ port, failed }) => [{ labels: { port }, value: failed }],
      ),
    }),
  ];
}

function kubernetesMetrics(from: From): readonly PulledMetric[] {
  const labels = ['resource'];
  return [
    ...from('watches', {
      watch_age_seconds: each(
        { kind: 'gauge', help: 'Time since the API server last sent anything.', labels },
        ({ resource, ageSeconds }) => [{ labels: { resource }, value: ageSeconds }],
      ),
      watch_failures: each(
        { kind: 'gauge', help: 'Failures in a row of a list or a watch.', labels },
        ({ resource, failures }) => [{ labels: { resource }, value: failures }],
      ),
      watch_events_total: each(
        { kind: 'counter', help: 'Events about objects that a watch has brought.', labels },
        ({ resource, events }) => [{ labels: { resource }, value: events }],
      ),
    }),
    ...from('tokenCache', {
      token_cache_lookups_total: {
        kind: 'counter',
        help: 'Token reviews answered from memory (hit), by the API server (miss), or together with an identical one (shared).',
        labels: ['result'],
        read: ({ hits, misses, shared }) => [
          { labels: { result: 'hit' }, value: hits },
          { labels: { result: 'miss' }, value: misses },
          { labels: { result: 'shared' }, value: shared },
        ],
      },
      token_cache_entries: single('gauge', 'Verdicts on tokens in memory.', (c) => c.size),
      token_cache_evictions_total: single(
        'counter',
        'Verdicts dropped before their time, for want of room.',
        (c) => c.evicted,
      ),
      token_review_retries_total: single('counter', 'Second tries of reviews.', (c) => c.retries),
    }),
  ];
}

function signingMetrics(from: From): readonly PulledMetric[] {
  return [
    ...from('signing', {
      signing_requests_awaited: single(
        'gauge',
        'CertificateSigningRequests that somebody waits for.',
        (s) => s.awaited,
      ),
      removals_pending: single('gauge', 'Objects of ours still to be deleted.', (s) => s.removals),
      orphans_reaped_total: single(
        'counter',
        'Objects that another process left behind and this one removes.',
        (s) => s.reaped,
      ),
    }),
  ];
}

function configMetrics(from: From): readonly PulledMetric[] {
  const labels = ['config'];
  return [
    ...from('meshGeneration', {
      mesh_config_generation: single('gauge', 'Grows with each new mesh config.', itself),
    }),
    ...from('configs', {
      config_loaded_timestamp_seconds: each(
        { kind: 'gauge', help: 'When the configuration in use was taken over.', labels },
        ({ config, loadedAt }) => [{ labels: { config }, value: loadedAt / 1000 }],
      ),
      config_reload_success: each(
        { kind: 'gauge', help: '1 unless a newer text is there that cannot be used.', labels },
        ({ config, upToDate }) => [{ labels: { config }, value: upToDate ? 1 : 0 }],
      ),
    }),
  ];
}

function expiryMetrics(from: From): readonly PulledMetric[] {
  const labels = ['signer'];
  const bySigner = ({ signer, notAfter }: SignerExpiry): readonly Sample[] => [
    { labels: { signer }, value: notAfter / 1000 },
  ];
  return [
    ...from('roots', {
      signer_root_expiry_timestamp_seconds: each(
        { kind: 'gauge', help: "The earliest end of a signer's roots.", labels },
        bySigner,
      ),
    }),
    ...from('issuers', {
      signer_issuer_expiry_timestamp_seconds: each(
        { kind: 'gauge', help: 'The end of the authority that signed last.', labels },
        bySigner,
      ),
    }),
    ...from('servingCertificate', {
      serving_certificate_expiry_timestamp_seconds: {
        kind: 'gauge',
        help: 'The end of the certificate that the gRPC port shows.',
        read: (notAfter) => (notAfter === undefined ? [] : [{ value: notAfter / 1000 }]),
      },
    }),
  ];
}

function replicaMetrics(from: From): readonly PulledMetric[] {
  return [
    ...from('readiness', {
      readiness: each(
        { kind: 'gauge', help: '1 while the condition holds.', labels: ['check'] },
        ({ check, holds }) => [{ labels: { check }, value: holds ? 1 : 0 }],
      ),
    }),
    ...from('leader', {
      leader: single('gauge', '1 in the replica that leads.', (leads) => (leads ? 1 : 0)),
    }),
    ...from('distribution', {
      distribution_namespaces: {
        kind: 'gauge',
        help: 'Namespaces by whether they have the roots as they are now.',
        labels: ['state'],
        read: ({ upToDate, behind }) => [
          { labels: { state: 'up-to-date' }, value: upToDate },
          { labels: { state: 'behind' }, value: behind },
        ],
      },
      distribution_failures_total: single('counter', 'Failed writes of roots.', (d) => d.failures),
    }),
    ...from('traces', {
      trace_spans_total: {
        kind: 'counter',
        help: 'Spans by whether the collector took them.',
        labels: ['result'],
        read: ({ sent, failed }) => [
          { labels: { result: 'sent' }, value: sent },
          { labels: { result: 'failed' }, value: failed },
        ],
      },
    }),
  ];
}

/** Istio's own names for what its dashboards show; undefined sources have no series. */
export function istioExpiryMetrics(
  { roots, issuers }: MetricsSources,
  clock: Clock,
): readonly PulledMetric[] {
  return [
    ...earliest('citadel_server_root_cert_expiry', 'the first root to end', roots, clock),
    ...earliest('citadel_server_cert_chain_expiry', 'the first issuer to end', issuers, clock),
  ];
}

function earliest(
  name: string,
  what: string,
  expiries: MetricsSources['roots'],
  clock: Clock,
): readonly PulledMetric[] {
  if (expiries === undefined) return [];
  const sample = (secondsOf: (notAfter: number) => number): readonly Sample[] => {
    const ends = [...expiries()].map(({ notAfter }) => notAfter);
    return ends.length === 0 ? [] : [{ value: secondsOf(Math.min(...ends)) }];
  };
  return [
    {
      kind: 'gauge',
      name: `${name}_timestamp`,
      help: `The end of ${what} of all signers, in seconds since the Unix epoch.`,
      read: () => sample((notAfter) => notAfter / 1000),
    },
    {
      kind: 'gauge',
      name: `${name}_seconds`,
      help: `Seconds until the end of ${what} of all signers.`,
      read: () => sample((notAfter) => (notAfter - clock.now()) / 1000),
    },
  ];
}
