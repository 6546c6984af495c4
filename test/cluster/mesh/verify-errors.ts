import type { ClusterContext } from './cluster-context.ts';

const counter = /;?\.ssl\.fail_verify_error: (\d+)$/;

/**
 * How often the Envoy of a client has refused the certificate of a server called httpbin, of whatever namespace,
 * since it started.
 */
export async function verifyErrorsOf(
  context: ClusterContext,
  namespace: string,
  client: string,
): Promise<number> {
  const printed = await context.kubectl.run(
    ...['exec', '--namespace', namespace, client, '-c', 'istio-proxy', '--'],
    ...['pilot-agent', 'request', 'GET', 'stats?filter=httpbin.*fail_verify_error'],
  );
  return sumVerifyErrors(printed);
}

/** Adds up the counters of all clusters in a dump of Envoy's statistics; throws where there is none. */
export function sumVerifyErrors(printed: string): number {
  const lines = printed.split('\n').filter((line) => line.includes('outbound'));
  const values = lines.map((line) => Number(counter.exec(line)?.[1] ?? Number.NaN));
  if (values.length === 0 || values.some(Number.isNaN)) {
    throw new Error(`Envoy has no counter of failed verifications:\n${printed.slice(0, 500)}`);
  }
  return values.reduce((sum, value) => sum + value, 0);
}
