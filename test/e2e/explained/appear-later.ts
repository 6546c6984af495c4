const service = 'grpc_service="istio.v1.auth.IstioCertificateService"';
const ours = 'Unavailable|Internal|FailedPrecondition|ResourceExhausted|DeadlineExceeded';

/**
 * Selectors that find nothing while all goes well, as Prometheus writes them, with the event that makes
 * the first series. The same metric has other series all the while.
 */
export const appearLater: ReadonlyMap<string, string> = new Map([
  [
    `grpc_server_handled_total{grpc_code=~"${ours}",${service}}`,
    'a request fails for a reason on our side of the wire',
  ],
  ['istio_ra_kubernetes_calls_total{code="403"}', 'a right is missing'],
  [
    'istio_ra_kubernetes_calls_total{code=~"5..|429|unanswered"}',
    'the API server fails, or does not answer',
  ],
  ['istio_ra_kubernetes_calls_total{code!~"2.."}', 'the API server refuses, or we give a call up'],
]);
