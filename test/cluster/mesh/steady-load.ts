import type { Manifest } from '../../e2e/stack/kubectl.ts';
import type { ClusterContext } from './cluster-context.ts';
import { verifyErrorsOf } from './verify-errors.ts';

/** How many requests ended with each status; `000` is one that got no answer. */
export type Statuses = Readonly<Record<string, number>>;

/** What became of the requests of a while, and what the client's Envoy counted meanwhile. */
export interface LoadEvidence {
  readonly statuses: Statuses;
  /** Handshakes that failed because the server's certificate leads to no trusted root. */
  readonly verifyErrors: number;
}

export interface SteadyLoadOptions {
  readonly namespace: string;
  /** The client: a workload whose pod has a sidecar, and the container in it that has curl. */
  readonly workload: string;
  readonly container: string;
  /** At most. A machine that is too busy for the rate sends fewer. */
  readonly perSecond: number;
  /** The load ends by itself after this. */
  readonly maxSeconds: number;
}

/** A pod of no Deployment with curl, which does nothing by itself and gets a sidecar. */
export function clientPod(name: string, namespace: string, serviceAccountName = 'sleep'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      serviceAccountName,
      containers: [
        {
          name: 'client',
          image: 'docker.io/curlimages/curl:8.16.0',
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/sleep', 'infinity'],
        },
      ],
    },
  };
}

const statusFile = '/tmp/statuses';

/**
 * Requests at a steady rate from a client to the server of its namespace, each over a connection of its own. The
 * client sends them by itself and notes what became of them in a file, so that neither kubelet nor API server need
 * be there meanwhile. What became of them can be asked for at any time, for the while since it was asked for last.
 */
export class SteadyLoad {
  private readonly context: ClusterContext;
  private readonly options: SteadyLoadOptions;
  private taken: Statuses = {};
  private verifyErrors: number;

  private constructor(context: ClusterContext, options: SteadyLoadOptions, verifyErrors: number) {
    this.context = context;
    this.options = options;
    this.verifyErrors = verifyErrors;
  }

  static async start(context: ClusterContext, options: SteadyLoadOptions): Promise<SteadyLoad> {
    const before = await verifyErrorsOf(context, options.namespace, options.workload);
    const load = new SteadyLoad(context, options, before);
    const { namespace, perSecond, maxSeconds } = options;
    const url = `http://httpbin.${namespace}:8000/status/200?[1-${perSecond * maxSeconds}]`;
    const curl = `curl --silent --max-time 10 --rate ${perSecond}/s --output /dev/null`;
    // What curl writes to standard error comes at once, and what it writes to a file does not.
    await load.exec(
      `rm -f ${statusFile}
      timeout ${maxSeconds} ${curl} --write-out '%{stderr}%{http_code}\\n' '${url}' \
        </dev/null >/dev/null 2>${statusFile} &
      echo $! > /tmp/load.pid`,
    );
    return load;
  }

  /** What became of the requests since the last call. */
  async take(): Promise<LoadEvidence> {
    const all = countStatuses(await this.exec(`cat ${statusFile}`));
    const statuses: Record<string, number> = {};
    for (const [status, count] of Object.entries(all)) {
      const more = count - (this.taken[status] ?? 0);
      if (more > 0) statuses[status] = more;
    }
    this.taken = all;
    const { namespace, workload } = this.options;
    const verifyErrors = await verifyErrorsOf(this.context, namespace, workload);
    const grown = verifyErrors - this.verifyErrors;
    this.verifyErrors = verifyErrors;
    return { statuses, verifyErrors: grown };
  }

  async stop(): Promise<void> {
    await this.exec('kill "$(cat /tmp/load.pid)" 2>/dev/null || true').catch(() => undefined);
  }

  private async exec(script: string): Promise<string> {
    const { namespace, workload, container } = this.options;
    return this.context.kubectl.run(
      ...['exec', '--namespace', namespace, workload, '-c', container, '--', 'sh', '-c', script],
    );
  }
}

/** A line that curl has not finished is left for the next time. */
function countStatuses(printed: string): Statuses {
  const counts: Record<string, number> = {};
  for (const line of printed.split('\n')) {
    if (/^\d{3}$/.test(line)) counts[line] = (counts[line] ?? 0) + 1;
  }
  return counts;
}

/** Requests that did not end with 200. */
export function lostIn({ statuses }: Pick<LoadEvidence, 'statuses'>): number {
  return Object.entries(statuses)
    .filter(([status]) => status !== '200')
    .reduce((sum, [, count]) => sum + count, 0);
}
