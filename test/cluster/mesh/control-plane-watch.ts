import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterContext } from './cluster-context.ts';
import { clientPod } from './steady-load.ts';

/** What became of the control plane's Service and of the pods that needed it. */
export interface ControlPlaneEvidence {
  /** How many endpoints of the Service were ready, at the least. */
  readonly minEndpoints: number;
  /** How often the endpoints changed. */
  readonly changes: number;
  readonly podsStarted: number;
  /** Pods that were refused, or not ready in time, with the reason. */
  readonly podsFailed: readonly string[];
  /** Until a pod was ready, at most. */
  readonly slowestMs: number;
}

/** A line of a watch on EndpointSlices. */
interface SliceEvent {
  readonly type: string;
  readonly object: {
    readonly endpoints?: readonly { readonly conditions: { readonly ready?: boolean } }[];
  };
}

const everyMs = 5_000;
const waitReady = ['wait', '--for=condition=Ready', '--timeout=60s'];

/**
 * Starts a pod with a sidecar every five seconds, and follows the endpoints of a Service of the control plane
 * meanwhile: a moment in which nobody answers there is seen by one or the other.
 */
export class ControlPlaneWatch {
  private readonly context: ClusterContext;
  private readonly namespace: string;
  private readonly follower: ChildProcess;
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;
  private readonly pods = new Set<Promise<void>>();
  private readonly failed: string[] = [];
  private min = Number.POSITIVE_INFINITY;
  private changes = 0;
  private started = 0;
  private slowestMs = 0;

  constructor(context: ClusterContext, service: string, namespace: string) {
    this.context = context;
    this.namespace = namespace;
    const chosen = `labelSelector=kubernetes.io%2Fservice-name%3D${service}`;
    const path = `/apis/discovery.k8s.io/v1/namespaces/istio-system/endpointslices?watch=true&${chosen}`;
    this.follower = spawn(
      context.tools.kubectl,
      [`--kubeconfig=${context.kubeconfig}`, 'get', '--raw', path],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    if (this.follower.stdout === null) throw new Error('kubectl has no output');
    createInterface({ input: this.follower.stdout }).on('line', (line) => {
      this.note(JSON.parse(line) as SliceEvent);
    });
    this.running = this.startPods();
  }

  /** Ends the watch, waits for the last pods, and tells what was seen. Throws where nobody followed to the end. */
  async stop(): Promise<ControlPlaneEvidence> {
    this.stopping.abort();
    await this.running;
    await Promise.all(this.pods);
    const { exitCode } = this.follower;
    if (exitCode !== null) throw new Error(`kubectl ended the watch with ${exitCode}`);
    this.follower.kill();
    return {
      minEndpoints: this.min,
      changes: this.changes,
      podsStarted: this.started,
      podsFailed: this.failed,
      slowestMs: this.slowestMs,
    };
  }

  /** The Service has one slice: there are far fewer pods than fit into one. */
  private note({ type, object }: SliceEvent): void {
    const left = type === 'DELETED' ? [] : (object.endpoints ?? []);
    this.changes += 1;
    this.min = Math.min(this.min, left.filter(({ conditions }) => conditions.ready).length);
  }

  private async startPods(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.started += 1;
      const pod = this.startPod(`started-${this.started}`);
      this.pods.add(pod);
      void pod.finally(() => this.pods.delete(pod));
      await sleep(everyMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async startPod(name: string): Promise<void> {
    const { kubectl } = this.context;
    const began = performance.now();
    try {
      await kubectl.apply([clientPod(name, this.namespace)], ['create']);
      await kubectl.run(...waitReady, '--namespace', this.namespace, `pod/${name}`);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
    } catch (error) {
      this.failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    await kubectl.attempt('delete', 'pod', name, '--namespace', this.namespace, '--wait=false');
  }
}
