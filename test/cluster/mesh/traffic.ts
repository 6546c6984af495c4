import assert from 'node:assert/strict';
import type { Manifest } from '../../e2e/stack/kubectl.ts';
import type { ClusterContext } from './cluster-context.ts';

/** From the client of one namespace to the server of another. */
export interface Pair {
  readonly from: string;
  readonly to: string;
}

export interface TrafficEvidence {
  /** How many requests ended with each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Growth of Envoy's own counters at the client, for the cluster of that server. */
  readonly handshakes: number;
  readonly sessionsReused: number;
  readonly verifyErrors: number;
}

/**
 * Makes every request open a connection of its own, and lets none be tried again: otherwise a pooled connection
 * or a retry would hide a handshake that fails.
 */
export function everyRequestAnew(namespaces: readonly string[]): readonly Manifest[] {
  const ofEach = namespaces.flatMap((namespace) => {
    const host = hostOf(namespace);
    const metadata = { name: 'httpbin', namespace };
    return [
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'DestinationRule',
        metadata,
        spec: {
          host,
          trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } },
        },
      },
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata,
        spec: {
          hosts: [host],
          http: [{ route: [{ destination: { host } }], retries: { attempts: 0 } }],
        },
      },
    ];
  });
  return [...ofEach, withoutSessions];
}

/**
 * A resumed session would skip the check of certificates, so servers hand out nothing to resume. The match
 * is on httpbin's port, since a chain that passes TLS on would be given TLS without a certificate.
 */
const withoutSessions: Manifest = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'without-sessions', namespace: 'istio-system' },
  spec: {
    configPatches: [
      {
        applyTo: 'FILTER_CHAIN',
        match: {
          context: 'SIDECAR_INBOUND',
          listener: { filterChain: { name: '0.0.0.0_8080', transportProtocol: 'tls' } },
        },
        patch: {
          operation: 'MERGE',
          value: {
            transport_socket: {
              name: 'envoy.transport_sockets.tls',
              typed_config: {
                '@type':
                  'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
                disable_stateless_session_resumption: true,
                disable_stateful_session_resumption: true,
              },
            },
          },
        },
      },
    ],
  },
};

/** All pairs of some namespaces, both ways and within each. */
export function allPairs(namespaces: readonly string[]): readonly Pair[] {
  return namespaces.flatMap((from) => namespaces.map((to) => ({ from, to })));
}

/** Sends requests one after the other and reads Envoy's counters before and after. */
export async function sendRequests(
  context: ClusterContext,
  pair: Pair,
  count: number,
): Promise<TrafficEvidence> {
  const url = `http://httpbin.${pair.to}:8000/status/200?[1-${count}]`;
  return sendAndCount(context, {
    from: pair.from,
    url,
    counted: { namespace: pair.from, workload: 'deploy/sleep', to: pair.to },
  });
}

/**
 * The same from the client of foo to a gateway of foo, which passes the requests on to the server of a namespace
 * over mTLS. The counters are those of the gateway's Envoy.
 */
export async function requestsThroughGateway(
  context: ClusterContext,
  way: { readonly gateway: string; readonly host: string; readonly to: string },
  count: number,
): Promise<TrafficEvidence> {
  const { gateway, host, to } = way;
  return sendAndCount(context, {
    from: 'foo',
    url: `http://${gateway}.foo:80/status/200?[1-${count}]`,
    host,
    counted: { namespace: 'foo', workload: `deploy/${gateway}`, to },
  });
}

/** Whose Envoy is asked for its counters, and for the server of which namespace. */
interface Counted {
  readonly namespace: string;
  readonly workload: string;
  readonly to: string;
}

async function sendAndCount(
  context: ClusterContext,
  {
    from,
    url,
    host,
    counted,
  }: {
    readonly from: string;
    readonly url: string;
    readonly host?: string;
    readonly counted: Counted;
  },
): Promise<TrafficEvidence> {
  const before = await tlsCounters(context, counted);
  const printed = await context.kubectl.run(
    ...['exec', '--namespace', from, 'deploy/sleep', '-c', 'sleep', '--'],
    ...['curl', '--silent', '--max-time', '10', '--output', '/dev/null'],
    ...(host === undefined ? [] : ['--header', `Host: ${host}`]),
    ...['--write-out', '%{http_code}\n', url],
  );
  const after = await tlsCounters(context, counted);
  const grown = (name: keyof TlsCounters): number => after[name] - before[name];
  return {
    statuses: countEach(printed.trim().split('\n')),
    handshakes: grown('handshake'),
    sessionsReused: grown('session_reused'),
    verifyErrors: grown('fail_verify_error'),
  };
}

/** Throws where not every request was answered over a handshake of its own that both sides verified. */
export function assertReached(evidence: TrafficEvidence, count: number): void {
  assert.deepEqual(evidence.statuses, { 200: count }, describeEvidence(evidence));
  assert.equal(evidence.verifyErrors, 0, describeEvidence(evidence));
  assert.ok(evidence.handshakes >= count, `a handshake for each: ${describeEvidence(evidence)}`);
  assert.equal(evidence.sessionsReused, 0, `no session resumed: ${describeEvidence(evidence)}`);
}

/** Throws where a request was answered, or failed for another reason than the certificate. */
export function assertRefused(evidence: TrafficEvidence, count: number): void {
  assert.deepEqual(evidence.statuses, { 503: count }, describeEvidence(evidence));
  assert.ok(
    evidence.verifyErrors >= count,
    `the certificate is why: ${describeEvidence(evidence)}`,
  );
}

/** One line for the report. */
export function describeEvidence(evidence: TrafficEvidence): string {
  const statuses = Object.entries(evidence.statuses).map(([status, n]) => `${n} x ${status}`);
  return (
    `${statuses.join(', ')}; ssl.handshake +${evidence.handshakes}, ` +
    `ssl.session_reused +${evidence.sessionsReused}, ssl.fail_verify_error +${evidence.verifyErrors}`
  );
}

interface TlsCounters {
  handshake: number;
  session_reused: number;
  fail_verify_error: number;
}

/** Counters of the client's Envoy for the connections to a server; one that is absent has not counted yet. */
async function tlsCounters(
  context: ClusterContext,
  { namespace, workload, to }: Counted,
): Promise<TlsCounters> {
  const cluster = `cluster.outbound|8000||${hostOf(to)}`;
  const printed = await context.kubectl.run(
    ...['exec', '--namespace', namespace, workload, '-c', 'istio-proxy', '--'],
    ...['pilot-agent', 'request', 'GET', 'stats?filter=httpbin.*ssl'],
  );
  const counters: TlsCounters = { handshake: 0, session_reused: 0, fail_verify_error: 0 };
  let seen = 0;
  for (const line of printed.split('\n')) {
    const [name = '', value = ''] = line.split(': ');
    // Istio marks where the name of a cluster ends by a semicolon.
    const counter = name.replace(`${cluster};.`, '').replace(`${cluster}.`, '');
    if (!counter.startsWith('ssl.')) continue;
    seen += 1;
    const key = counter.slice('ssl.'.length);
    if (key in counters) counters[key as keyof TlsCounters] = Number(value);
  }
  assert.ok(seen > 0, `Envoy has no TLS counters for ${cluster}:\n${printed.slice(0, 500)}`);
  return counters;
}

function hostOf(namespace: string): string {
  return `httpbin.${namespace}.svc.cluster.local`;
}

function countEach(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
