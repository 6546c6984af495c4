import type { ClusterContext } from './cluster-context.ts';

/**
 * Requests from the client of a namespace to its server for some time, one after the other and at no more than a
 * rate: a machine that is too busy for the rate sends fewer.
 */
export class SteadyLoad {
  /** How many requests ended with each status; `000` is one that got no answer. */
  readonly ended: Promise<Readonly<Record<string, number>>>;

  constructor(
    context: ClusterContext,
    namespace: string,
    { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
  ) {
    // curl writes what it has counted at its end, so it is started again for each second's requests.
    const url = `http://httpbin.${namespace}:8000/status/200?[1-${perSecond}]`;
    const curl = `curl --silent --max-time 10 --rate ${perSecond}/s --output /dev/null --write-out '%{http_code}\\n'`;
    const script = `end=$(($(date +%s) + ${seconds}))
      while [ "$(date +%s)" -lt "$end" ]; do ${curl} '${url}' || true; done`;
    this.ended = context.kubectl
      .run(
        ...['exec', '--namespace', namespace, 'deploy/sleep', '-c', 'sleep', '--'],
        ...['sh', '-c', script],
      )
      .then((printed) => {
        const counts: Record<string, number> = {};
        for (const status of printed.trim().split('\n')) counts[status] = (counts[status] ?? 0) + 1;
        return counts;
      });
    // Whoever waits for it is told; until then a failure is nobody's to report.
    this.ended.catch(() => undefined);
  }
}
