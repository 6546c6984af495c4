import assert from 'node:assert/strict';
import type { Show, Step } from '../../e2e/runner/suite.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { ClusterContext } from './cluster-context.ts';
import { clientPod, lostIn, SteadyLoad, type LoadEvidence } from './steady-load.ts';

const perSecond = 20;
const maxSeconds = 3600;
/** No rollout of Deployments restarts it, so that it can watch them. */
const clientName = 'steady-client';

interface PodList {
  readonly items: readonly { readonly metadata: { readonly deletionTimestamp?: string } }[];
}

interface PhaseOptions {
  readonly name: string;
  /** How many requests of a tenant may be lost, by the document. */
  readonly maxLost: () => number;
  readonly run: (show: Show) => Promise<void>;
  /** How long it may take, where that is not what the suite allows. */
  readonly maxMs?: number;
  /** Whether later steps stand on it; default true. */
  readonly foundation?: boolean;
}

/** Runs parts of a procedure while requests flow in each namespace, and counts what each part loses. */
export class CountedPhases {
  private readonly context: ClusterContext;
  private readonly namespaces: readonly string[];
  private readonly loads = new Map<string, SteadyLoad>();

  constructor(context: ClusterContext, namespaces: readonly string[]) {
    this.context = context;
    this.namespaces = namespaces;
  }

  /**
   * Starts the clients anew, which is how a pod of no Deployment is moved. Nothing can be lost by that: nobody
   * calls them, and they call nobody meanwhile.
   */
  async restartClients(): Promise<void> {
    await this.stop();
    for (const namespace of this.namespaces) {
      const client = clientPod(clientName, namespace);
      const { name } = client.metadata;
      await this.context.type(
        `kubectl delete pod ${name} --namespace ${namespace} --ignore-not-found --wait`,
      );
      await this.context.kubectl.apply([client]);
      await this.context.type(
        `kubectl wait --for=condition=Ready --timeout=120s --namespace ${namespace} pod/${name}`,
      );
      const load = await SteadyLoad.start(this.context, {
        ...{ namespace, perSecond, maxSeconds },
        ...{ workload: `pod/${name}`, container: 'client' },
      });
      this.loads.set(namespace, load);
    }
  }

  async stop(): Promise<void> {
    for (const load of this.loads.values()) await load.stop();
    this.loads.clear();
  }

  /** A step that fails where a request failed for a certificate, or more were lost than is documented. */
  phase({ name, maxLost, run, ...rest }: PhaseOptions): Step {
    return {
      foundation: true,
      ...rest,
      name,
      run: async (show) => {
        await this.takeAll();
        await run(show);
        await this.awaitNoneTerminating();
        const found = await this.takeAll();
        for (const [namespace, evidence] of found) show(`${namespace}: ${describe(evidence)}`);
        for (const [namespace, evidence] of found) {
          assertWithin(`${name}, in ${namespace}`, evidence, maxLost());
        }
      },
    };
  }

  private async takeAll(): Promise<ReadonlyMap<string, LoadEvidence>> {
    const found = new Map<string, LoadEvidence>();
    for (const [namespace, load] of this.loads) found.set(namespace, await load.take());
    return found;
  }

  /** What a pod loses while it ends belongs to the phase that ended it. */
  private async awaitNoneTerminating(): Promise<void> {
    for (const namespace of this.namespaces) {
      await awaitUntil(
        async () => {
          const { items } = await this.context.kubectl.get<PodList>('pods', '-n', namespace);
          return items.every(({ metadata }) => metadata.deletionTimestamp === undefined);
        },
        { what: `no pod of ${namespace} is ending`, timeoutMs: 90_000, intervalMs: 500 },
      );
    }
  }
}

/** Throws where requests were lost for a certificate, or more of them than are documented. */
export function assertWithin(what: string, evidence: LoadEvidence, maxLost: number): void {
  const requests = Object.values(evidence.statuses).reduce((sum, count) => sum + count, 0);
  assert.ok(requests > 0, `${what}: no request was sent`);
  assert.equal(evidence.verifyErrors, 0, `${what}: a certificate was refused`);
  const lost = lostIn(evidence);
  assert.ok(lost <= maxLost, `${what}: ${lost} requests were lost, documented are ${maxLost}`);
}

function describe(evidence: LoadEvidence): string {
  const statuses = Object.entries(evidence.statuses).map(([status, n]) => `${n} x ${status}`);
  return `${statuses.join(', ')}; lost ${lostIn(evidence)}; ssl.fail_verify_error +${evidence.verifyErrors}`;
}
