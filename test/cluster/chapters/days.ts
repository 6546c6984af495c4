import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Show, Step, Suite } from '../../e2e/runner/suite.ts';
import { runLoad } from '../../e2e/stack/agent.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import { makePreviousImage, previousTag, removePreviousFiles } from '../images/previous-image.ts';
import { agentInNode } from '../mesh/agent-in-node.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { CountedPhases } from '../mesh/counted-phases.ts';
import { whileCrowdStarts } from '../mesh/crowd.ts';
import { assertNoRestart, istioRaPods, peakMemoryOf, rolledOut } from '../mesh/istio-ra-pods.ts';
import { clientPod } from '../mesh/steady-load.ts';
import { everyRequestAnew } from '../mesh/traffic.ts';
import { namespacesIn } from '../node/cluster-node.ts';
import { ContainerRuntime } from '../node/container-runtime.ts';
import { restartPart, type NodePart } from '../node/restart-part.ts';
import { freshMeshSteps } from './fresh-mesh.ts';
import { networkPolicySteps } from './network-policy.ts';
import { certificateSteps, named, tenants, trafficSteps } from './walk-through.ts';

/** Pods that start at once while something happens to istio-ra. */
const crowd = 40;

/** Two cores carry all replicas, so none reserves what values-ha.yaml would. */
const upgrade = `helm upgrade istio-ra charts/istio-ra --namespace istio-system --values values.yaml \
  --values charts/istio-ra/values-ha.yaml --set resources.requests.cpu=20m`;

/** What happens to istio-ra and its node in the course of time, while requests flow. `node` is the node's folder. */
export async function daysChapter(
  suite: Suite,
  title: string,
  context: ClusterContext,
  node: string,
): Promise<void> {
  const phases = new CountedPhases(context, tenants);
  try {
    await suite.chapter(title, [
      ...freshMeshSteps(context),
      {
        name: 'three replicas by values-ha.yaml; requests flow in both tenants',
        foundation: true,
        run: async (show) => {
          await context.kubectl.apply(everyRequestAnew(tenants));
          await context.type(upgrade);
          await rolledOut(context);
          await phases.restartClients();
          show(`${(await istioRaPods(context)).length} pods of istio-ra`);
        },
      },
      ...replacedSteps(context, phases, node),
      ...evictedSteps(context, phases),
      ...restrictedSteps(context, phases),
      ...restartedSteps(context, phases, node),
      ...named('afterwards: ', [...certificateSteps(context), ...trafficSteps(context)]),
      stormStep(context, node),
      ...networkPolicySteps(context, node),
    ]);
  } finally {
    await phases.stop();
    await removePreviousFiles();
  }
}

/** istio-ra's pods are replaced while a crowd starts. */
function replacedSteps(
  context: ClusterContext,
  phases: CountedPhases,
  node: string,
): readonly Step[] {
  const whileStarting = (name: string, meanwhile: () => Promise<void>): Step =>
    phase(phases, `${name} while ${crowd} pods with sidecars start`, async (show) => {
      await whileCrowdStarts(context, crowd, meanwhile, show);
      await assertNoRestart(context);
    });
  const upgradeTo = (more: string) => async (): Promise<void> => {
    await context.type(`${upgrade} ${more}`);
    await rolledOut(context);
  };
  return [
    whileStarting('a pod of istio-ra is killed without notice', async () => {
      const [pod] = await istioRaPods(context);
      assert.ok(pod !== undefined);
      await context.type(
        `kubectl delete pod ${pod.metadata.name} --namespace istio-system --grace-period=0 --force 2>/dev/null`,
      );
      await rolledOut(context);
    }),
    whileStarting('istio-ra is rolled', async () => {
      await context.type('kubectl rollout restart deployment/istio-ra --namespace istio-system');
      await rolledOut(context);
    }),
    {
      name: 'the image of the commit before this one is on the node',
      run: async (show) => {
        const { archive, commit } = await makePreviousImage();
        const namespaces = namespacesIn(node);
        await ContainerRuntime.of({ namespaces, ctr: context.tools.ctr }).importImage(archive);
        show(`istio-ra:${previousTag} is ${commit}`);
      },
    },
    whileStarting(
      'istio-ra goes back to the commit before',
      upgradeTo(`--set image.tag=${previousTag}`),
    ),
    whileStarting('istio-ra is upgraded from it', upgradeTo('')),
  ];
}

/** A drained node evicts its pods; there is one node here, so they are evicted by name. */
function evictedSteps(context: ClusterContext, phases: CountedPhases): readonly Step[] {
  const evict = async (name: string): Promise<string> => {
    const file = join(context.folder, 'eviction.json');
    const metadata = { name, namespace: 'istio-system' };
    writeFileSync(file, JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata }));
    const path = `/api/v1/namespaces/istio-system/pods/${name}/eviction`;
    const { code, stderr } = await context.kubectl.attempt('create', '--raw', path, '-f', file);
    return code === 0 ? 'evicted' : stderr;
  };
  return [
    phase(
      phases,
      'one replica is evicted, and the budget keeps the second until the first is back',
      async (show) => {
        const [first, second] = await istioRaPods(context);
        assert.ok(first !== undefined && second !== undefined);
        assert.equal(await evict(first.metadata.name), 'evicted');
        const refused = await evict(second.metadata.name);
        assert.match(refused, /disruption budget/);
        show(refused.trim());
        await rolledOut(context);
        await awaitUntil(async () => (await evict(second.metadata.name)) === 'evicted', {
          what: 'the second replica may be evicted',
          timeoutMs: 60_000,
          intervalMs: 1000,
        });
        await rolledOut(context);
      },
    ),
  ];
}

function restrictedSteps(context: ClusterContext, phases: CountedPhases): readonly Step[] {
  const label = 'pod-security.kubernetes.io/enforce';
  return [
    phase(
      phases,
      "the namespace enforces the Pod Security Standard `restricted`, and istio-ra's pods are admitted",
      async (show) => {
        await context.type(`kubectl label namespace istio-system ${label}=restricted 2>&1`);
        try {
          // What does not conform is refused, so that the label is known to work.
          const refused = await context.kubectl
            .apply(
              [clientPod('not-restricted', 'istio-system', 'default')],
              ['create', '--dry-run=server'],
            )
            .then(() => '', String);
          assert.match(refused, /violates PodSecurity "restricted/);
          await context.type('kubectl rollout restart deployment/istio-ra -n istio-system');
          await rolledOut(context);
          show(`${(await istioRaPods(context)).length} pods of istio-ra were admitted`);
        } finally {
          await context.type(`kubectl label namespace istio-system ${label}-`);
        }
      },
    ),
  ];
}

/** Parts of the node are killed and come back. */
function restartedSteps(
  context: ClusterContext,
  phases: CountedPhases,
  node: string,
): readonly Step[] {
  const parts: readonly NodePart[] = ['kubelet', 'containerd', 'kube-apiserver'];
  return parts.map((part) =>
    phase(phases, `${part} is killed and started again`, async (show) => {
      await restartPart(node, part);
      await awaitUntil(() => startsPod(context, `after-${part}`), {
        what: `a pod with a sidecar starts after ${part} is back`,
        timeoutMs: 180_000,
        intervalMs: 1000,
      });
      await assertNoRestart(context);
      show("a pod with a sidecar starts afterwards; istio-ra's pods were not started again");
    }),
  );
}

/** Whether a new pod gets ready; what fails, since a part is not back yet, counts as no. */
async function startsPod(context: ClusterContext, name: string): Promise<boolean> {
  const { kubectl } = context;
  const inFoo = ['--namespace', 'foo'];
  try {
    await kubectl.apply([clientPod(name, 'foo')]);
    const { code } = await kubectl.attempt(
      ...['wait', '--for=condition=Ready', '--timeout=30s', ...inFoo, `pod/${name}`],
    );
    return code === 0;
  } catch {
    return false;
  } finally {
    await kubectl.attempt('delete', 'pod', name, ...inFoo, '--wait=false', '--ignore-not-found');
  }
}

const storm = { accounts: 20, requests: 1000, callers: 500 };

/** One pod alone, with the memory limit of the chart, under a storm of callers on new connections. */
function stormStep(context: ClusterContext, node: string): Step {
  return {
    name: `${storm.requests} callers on new connections, ${storm.callers} at once, against one pod: no OOM kill`,
    run: async (show) => {
      await context.type(
        'helm upgrade istio-ra charts/istio-ra --namespace istio-system --values values.yaml --set replicaCount=1',
      );
      await rolledOut(context);
      await awaitUntil(async () => (await istioRaPods(context)).length === 1, {
        what: 'one pod of istio-ra is left',
        timeoutMs: 60_000,
        intervalMs: 500,
      });
      const [pod] = await istioRaPods(context);
      assert.ok(pod?.status.podIP !== undefined);
      const report = await runLoad(await agentInNode(context, node, show), {
        address: `${pod.status.podIP}:15012`,
        serverName: 'istio-ra.istio-system.svc',
        rootFile: await rootFile(context),
        tokenDir: await tokensOf(context),
        ...{ certSigner: 'foo', key: 'p256' },
        ...{ callers: storm.callers, total: storm.requests, newConnections: true, retries: true },
      });
      const peak = peakMemoryOf(pod);
      show(
        `${report.ok} of ${report.requests} served in ${(report.elapsedMs / 1000).toFixed(1)} s, ` +
          `attempts ${JSON.stringify(report.attemptCodes)}`,
      );
      show(`the pod's cgroup held ${(peak / 1048576).toFixed(0)} MiB at most; its limit is 512`);
      await assertNoRestart(context);
      assert.equal(report.ok, report.requests, JSON.stringify(report.messages));
    },
  };
}

async function rootFile(context: ClusterContext): Promise<string> {
  const file = join(context.folder, 'mesh-root.pem');
  const path = "{.data['root-cert\\.pem']}";
  writeFileSync(
    file,
    await context.type(
      `kubectl get configmap istio-ca-root-cert --namespace foo -o jsonpath="${path}"`,
    ),
  );
  assert.match(readFileSync(file, 'utf8'), /BEGIN CERTIFICATE/);
  return file;
}

/** A folder with tokens of accounts in foo, each of which has a rate of its own. */
async function tokensOf(context: ClusterContext): Promise<string> {
  const folder = join(context.folder, 'tokens');
  mkdirSync(folder, { recursive: true });
  for (let n = 1; n <= storm.accounts; n += 1) {
    const serviceAccount = `caller-${n}`;
    await context.kubectl.apply([
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: serviceAccount, namespace: 'foo' },
      },
    ]);
    const token = await context.kubectl.createToken({ namespace: 'foo', serviceAccount });
    writeFileSync(join(folder, serviceAccount), token);
  }
  return folder;
}

/** No request is lost: no workload is restarted. */
function phase(phases: CountedPhases, name: string, run: (show: Show) => Promise<void>): Step {
  return phases.phase({ name, maxLost: () => 0, foundation: false, run });
}
