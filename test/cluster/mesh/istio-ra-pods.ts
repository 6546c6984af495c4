import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterContext } from './cluster-context.ts';

const selector = 'app.kubernetes.io/name=istio-ra';

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly ready: boolean;
      readonly containerID?: string;
      readonly lastState: { readonly terminated?: { readonly reason?: string } };
    }[];
  };
}

/** istio-ra's own pods that are not ending. */
export async function istioRaPods(context: ClusterContext): Promise<readonly Pod[]> {
  const { items } = await context.kubectl.get<{ readonly items: readonly Pod[] }>(
    ...['pods', '--namespace', 'istio-system', '--selector', selector],
  );
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Throws where a container of istio-ra has ended since its pod began, with the reason. */
export async function assertNoRestart(context: ClusterContext): Promise<void> {
  for (const { metadata, status } of await istioRaPods(context)) {
    for (const { restartCount, lastState } of status.containerStatuses ?? []) {
      const reason = lastState.terminated?.reason ?? 'unknown';
      assert.equal(restartCount, 0, `${metadata.name} was started again: ${reason}`);
    }
  }
}

/** Waits for the Deployment, as a person would. */
export async function rolledOut(context: ClusterContext): Promise<void> {
  await context.type(
    'kubectl rollout status deployment/istio-ra --namespace istio-system --timeout 180s',
  );
}

/** The most memory that a pod's cgroup has held, in bytes, as the kernel tells it; for a pod of this machine. */
export function peakMemoryOf(pod: Pod): number {
  const id = pod.status.containerStatuses?.[0]?.containerID?.replace(/^.*\/\//, '');
  assert.ok(id !== undefined, `${pod.metadata.name} has no container`);
  const folder = findFolder('/sys/fs/cgroup', id, 8);
  assert.ok(folder !== undefined, `there is no cgroup of the container ${id}`);
  for (const file of ['memory.max_usage_in_bytes', 'memory.peak']) {
    const path = join(folder, file);
    if (existsSync(path)) return Number(readFileSync(path, 'utf8'));
  }
  throw new Error(`${folder} tells no peak of memory`);
}

/** The first folder of that name that knows about memory, not deeper than so many levels. */
function findFolder(root: string, name: string, levels: number): string | undefined {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(root, entry.name);
    if (entry.name === name && readdirSync(path).some((file) => /^memory\.(max|peak)/.test(file))) {
      return path;
    }
    const below = levels > 0 ? findFolder(path, name, levels - 1) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}
