import assert from 'node:assert/strict';
import type { Show } from '../../e2e/runner/suite.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { Manifest } from '../../e2e/stack/kubectl.ts';
import type { ClusterContext } from './cluster-context.ts';
import { clientPod } from './steady-load.ts';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
      readonly initContainerStatuses?: readonly ContainerStatus[];
      readonly containerStatuses?: readonly ContainerStatus[];
    };
  }[];
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
}

const name = 'crowd';
const of = ['--namespace', 'foo', '--selector', `app=${name}`];
/** Two cores start about one pod a second. */
const maxMs = 240_000;

/**
 * Starts so many pods with sidecars at once in foo, does something meanwhile, and throws where a pod does not get
 * ready, or only after its sidecar was started again. The pods are gone when this returns.
 */
export async function whileCrowdStarts(
  context: ClusterContext,
  count: number,
  meanwhile: () => Promise<void>,
  show: Show,
): Promise<void> {
  const start = performance.now();
  await context.kubectl.apply([crowd(count)]);
  try {
    // Once some are ready, others are in the middle of it.
    await awaitReady(context, Math.ceil(count / 8));
    await meanwhile();
    const readyBefore = readyAmong(await podsOf(context));
    await awaitReady(context, count);
    show(
      `${readyBefore} of ${count} pods were ready when that was over, all after ${seconds(start)} s`,
    );
    const restarted = (await podsOf(context)).items.filter(({ status }) =>
      [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].some(
        ({ restartCount }) => restartCount > 0,
      ),
    );
    assert.deepEqual(
      restarted.map(({ metadata }) => metadata.name),
      [],
      'containers were started again',
    );
  } finally {
    await context.kubectl.attempt('delete', 'deployment', name, '--namespace', 'foo');
    await context.kubectl.attempt('wait', 'pod', ...of, '--for=delete', '--timeout=120s');
  }
}

async function awaitReady(context: ClusterContext, count: number): Promise<void> {
  await awaitUntil(async () => readyAmong(await podsOf(context)) >= count, {
    what: `${count} pods of the crowd are ready`,
    timeoutMs: maxMs,
    intervalMs: 500,
  });
}

async function podsOf(context: ClusterContext): Promise<PodList> {
  return context.kubectl.get<PodList>('pods', ...of);
}

function readyAmong({ items }: PodList): number {
  return items.filter(({ status }) =>
    status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  ).length;
}

function crowd(replicas: number): Manifest {
  const { spec } = clientPod(name, 'foo');
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'foo' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec },
    },
  };
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}
