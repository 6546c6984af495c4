import type { ClusterContext } from './cluster-context.ts';

/** The status of `timeout` where it has ended its command. */
const timedOut = 124;

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
    const url = `http://httpbin.${namespace}:8000/status/200?[1-${perSecond * seconds}]`;
    // That the time is over ends curl, and its status is no error then.
    this.ended = context.kubectl
      .attempt(
        ...['exec', '--namespace', namespace, 'deploy/sleep', '-c', 'sleep', '--'],
        ...['timeout', String(seconds), 'curl', '--silent', '--max-time', '10'],
        ...['--rate', `${perSecond}/s`],
        ...['--output', '/dev/null', '--write-out', '%{http_code}\n', url],
      )
      .then(({ code, stdout, stderr }) => {
        if ((code !== 0 && code !== timedOut) || stdout === '') {
          throw new Error(`the load broke off: ${stderr}`);
        }
        const counts: Record<string, number> = {};
        for (const status of stdout.trim().split('\n')) counts[status] = (counts[status] ?? 0) + 1;
        return counts;
      });
    // Whoever waits for it is told; until then a failure is nobody's to report.
    this.ended.catch(() => undefined);
  }
}
