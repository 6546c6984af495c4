import type { ClusterContext } from './cluster-context.ts';

/** Requests at a steady rate from the client of a namespace to its server, until their number is over. */
export class SteadyLoad {
  /** How many requests ended with each status; `000` is one that got no answer. */
  readonly ended: Promise<Readonly<Record<string, number>>>;

  constructor(
    context: ClusterContext,
    namespace: string,
    { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
  ) {
    const url = `http://httpbin.${namespace}:8000/status/200?[1-${perSecond * seconds}]`;
    this.ended = context.kubectl
      .run(
        ...['exec', '--namespace', namespace, 'deploy/sleep', '-c', 'sleep', '--'],
        ...['curl', '--silent', '--max-time', '10', '--rate', `${perSecond}/s`],
        ...['--output', '/dev/null', '--write-out', '%{http_code}\n', url],
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
