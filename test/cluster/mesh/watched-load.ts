import { runCommand } from '../../e2e/stack/run-command.ts';
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

interface WatchedLoadOptions {
  readonly namespace: string;
  readonly perSecond: number;
  /** The load ends by itself after this. */
  readonly maxSeconds: number;
}

const podName = 'steady-client';
const workload = `pod/${podName}`;

/**
 * A client that no rollout of Deployments restarts, so that it can watch them: a pod of its own, whose sidecar
 * opens a connection for each request.
 */
export function steadyClient(namespace: string): Manifest {
  return clientPod(podName, namespace);
}

/** A pod of no Deployment with curl, which does nothing by itself and gets a sidecar. */
export function clientPod(name: string, namespace: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      serviceAccountName: 'sleep',
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

/**
 * Requests at a steady rate from the steady client of a namespace to the server beside it. What became of them
 * can be asked for at any time, for the while since it was asked for last.
 */
export class WatchedLoad {
  private readonly context: ClusterContext;
  private readonly options: WatchedLoadOptions;
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;
  private counts: Record<string, number> = {};
  private lastStatus = 0;
  private verifyErrors: number;
  private ended: string | undefined;

  private constructor(context: ClusterContext, options: WatchedLoadOptions, verifyErrors: number) {
    this.context = context;
    this.options = options;
    this.verifyErrors = verifyErrors;
    this.running = this.send();
  }

  static async start(context: ClusterContext, options: WatchedLoadOptions): Promise<WatchedLoad> {
    const before = await verifyErrorsOf(context, options.namespace, workload);
    return new WatchedLoad(context, options, before);
  }

  /** What became of the requests since the last call. Throws where the load does not run any more. */
  async take(): Promise<LoadEvidence> {
    if (this.ended !== undefined || performance.now() - this.lastStatus > 15_000) {
      throw new Error(
        `the load in ${this.options.namespace} stands still: ${this.ended ?? 'no request has ended for 15 s'}`,
      );
    }
    const { counts } = this;
    this.counts = {};
    const verifyErrors = await verifyErrorsOf(this.context, this.options.namespace, workload);
    const grown = verifyErrors - this.verifyErrors;
    this.verifyErrors = verifyErrors;
    return { statuses: counts, verifyErrors: grown };
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async send(): Promise<void> {
    const { namespace, perSecond, maxSeconds } = this.options;
    this.lastStatus = performance.now();
    const url = `http://httpbin.${namespace}:8000/status/200?[1-${perSecond * maxSeconds}]`;
    try {
      // What curl writes to standard error comes at once, and what it writes to a pipe does not.
      const { code, stderr } = await runCommand(
        this.context.tools.kubectl,
        [
          ...['--kubeconfig', this.context.kubeconfig, 'exec'],
          ...['--namespace', namespace, podName, '-c', 'client', '--'],
          ...['curl', '--silent', '--max-time', '10', '--rate', `${perSecond}/s`],
          ...['--output', '/dev/null', '--write-out', '%{stderr}%{http_code}\\n', url],
        ],
        {
          signal: this.stopping.signal,
          onErrorLine: (line) => {
            this.note(line);
          },
        },
      );
      this.ended = `curl ended with ${code}: ${stderr.slice(-300)}`;
    } catch (error) {
      this.ended = error instanceof Error ? error.message : String(error);
    }
  }

  private note(line: string): void {
    if (!/^\d{3}$/.test(line)) return;
    this.counts[line] = (this.counts[line] ?? 0) + 1;
    this.lastStatus = performance.now();
  }
}

/** Requests that did not end with 200. */
export function lostIn({ statuses }: Pick<LoadEvidence, 'statuses'>): number {
  return Object.entries(statuses)
    .filter(([status]) => status !== '200')
    .reduce((sum, [, count]) => sum + count, 0);
}
