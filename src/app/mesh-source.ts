import { access } from 'node:fs/promises';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { httpsGet } from '../base/https-get.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { ConfigMap } from '../kube/objects.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { Feed, Watches } from '../kube/watches.ts';
import { LayeredMesh } from '../mesh/layered-mesh.ts';
import type { MeshLayer } from '../mesh/layered-mesh.ts';
import { followMeshConfigFile } from '../mesh/mesh-config-file.ts';
import { MeshConfigObject } from '../mesh/mesh-config-object.ts';
import type { FollowedMesh } from '../mesh/mesh-snapshot.ts';
import { maxBundleLength } from '../mesh/spiffe-bundle.ts';
import { SpiffeBundleRoots } from '../mesh/spiffe-bundle-roots.ts';

export type MeshSourceSettings = Pick<
  RaConfig,
  'meshSource' | 'sharedConfigMapName' | 'trustUnboundRoots' | 'podNamespace'
>;

export interface MeshSourceOptions {
  readonly kubernetes: Pick<KubernetesApi, 'configMapSource'>;
  readonly watches: Watches;
  readonly context: StartContext;
}

/** A mesh config that is followed, and may yet have to come. */
export interface OpenedMeshSource {
  /** What keeps it from being known, as long as something does. */
  readonly readiness: readonly ReadinessCheck[];
  /**
   * Resolves with the mesh when it is known. Rejects when five minutes were not enough for that, with
   * what is missing, and with the signal's reason when it aborts first.
   */
  known(signal?: AbortSignal): Promise<FollowedMesh>;
}

/** Kubernetes then starts us again, so that nobody overlooks what is missing. */
const maxWaitMs = 5 * 60_000;
const pollMs = 20;
/** URLs with roots may be slow or away; who needs their roots then waits no longer. */
const firstRootsMs = 10_000;
/** Where istiod finds the one root that it then sends to every workload of every signer. */
const externalRoot = './etc/external-ca-cert/root-cert.pem';

/**
 * Opens the mesh config where istiod would find it: the file, else the ConfigMap, with the shared
 * ConfigMap under either. A file must be there and be good, or this throws; a ConfigMap may come later.
 */
export async function openMeshSource(
  config: MeshSourceSettings,
  { kubernetes, watches, context }: MeshSourceOptions,
): Promise<OpenedMeshSource> {
  const { clock, random, started } = context;
  const log = context.log.scope('mesh');
  await refuseExternalRoot();
  const { meshSource, sharedConfigMapName: shared, trustUnboundRoots, podNamespace } = config;
  const mesh = new LayeredMesh({ shared: shared !== undefined, trustUnboundRoots, clock, log });
  const readiness: ReadinessCheck[] = [];
  const follow = (layer: MeshLayer, namespace: string, name: string): void => {
    const source = kubernetes.configMapSource(namespace, name);
    const object = new MeshConfigObject({ layer, namespace, name, mesh, log });
    const feed: Feed<ConfigMap> = { source, identify: (map) => map, handlers: object };
    readiness.push(watches.start(feed), object);
  };
  if (shared !== undefined) follow('shared', podNamespace, shared);
  if (meshSource.kind === 'file' || (await exists(meshSource.path))) {
    log.info('using a mesh config file', { path: meshSource.path });
    const file = await followMeshConfigFile({ path: meshSource.path, mesh, clock, log });
    started.defer(() => file.stop());
  } else {
    log.info('using the mesh config in a ConfigMap', { ...meshSource.configMap });
    follow('main', meshSource.configMap.namespace, meshSource.configMap.name);
  }
  const missing = (): string =>
    readiness.flatMap((check) => check.notReadyBecause() ?? []).join('; ');
  return {
    readiness,
    known: async (signal) => {
      await awaitMesh(mesh, { clock, missing, signal });
      const roots = new SpiffeBundleRoots({ mesh, download, clock, random, log });
      started.defer(() => roots.stop());
      await firstRoots(roots, { clock, signal });
      return roots;
    },
  };
}

async function awaitMesh(
  mesh: LayeredMesh,
  wait: {
    readonly clock: Clock;
    readonly missing: () => string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  const { clock, missing, signal: parent } = wait;
  const reason = (): Error => new Error(`there is no mesh config: ${missing()}`);
  await withDeadline({ clock, ms: maxWaitMs, reason, parent }, async (signal) => {
    while (!mesh.isKnown) await sleep(clock, pollMs, signal);
  });
}

async function firstRoots(
  roots: SpiffeBundleRoots,
  { clock, signal: parent }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const reason = (): Error => new Error('enough waited for roots');
  await withDeadline({ clock, ms: firstRootsMs, reason, parent }, (signal) => roots.start(signal));
}

function download(url: URL, signal: AbortSignal): Promise<string> {
  return httpsGet(url, { signal, maxBytes: maxBundleLength });
}

async function refuseExternalRoot(): Promise<void> {
  if (!(await exists(externalRoot))) return;
  throw new Error(
    `${externalRoot} cannot be used here: istiod sends that one root to every workload; put it ` +
      'into caCertificates of the mesh config with the certSigners that it is for, and mount it no more',
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
