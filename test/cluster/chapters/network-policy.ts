import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Step } from '../../e2e/runner/suite.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import { Processes, type RunningProcess } from '../../e2e/stack/process.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { assertNoRestart, istioRaPods, rolledOut } from '../mesh/istio-ra-pods.ts';
import { clientPod } from '../mesh/steady-load.ts';
import { namespacesIn } from '../node/cluster-node.ts';
import { addresses } from '../node/node-network.ts';
import type { NodeNamespaces } from '../node/node-namespaces.ts';
import { ensureKubeRouter } from '../tools/node-tools.ts';

/** The program that kube-router keeps its sets of addresses by. */
export const ipset = 'ipset';
const stranger = 'elsewhere';
const ports = { certificates: 15012, metrics: 15014 } as const;

const withPolicy = `helm upgrade istio-ra charts/istio-ra --namespace istio-system --values values.yaml \
  --set networkPolicy.enabled=true --set networkPolicy.egress.enabled=true \
  --set networkPolicy.from[0].namespaceSelector.matchLabels.istio-injection=enabled \
  --set networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus`;

/**
 * The chart's NetworkPolicy, enforced by kube-router on the node whose folder is `node`. Each door is tried before,
 * when it is open to everybody, so that the policy is what closes it.
 */
export function networkPolicySteps(context: ClusterContext, node: string): readonly Step[] {
  let router: KubeRouter | undefined;
  return [
    {
      name: 'kube-router enforces NetworkPolicies on the node',
      needs: ipset,
      foundation: true,
      // It is built once, which takes minutes.
      maxMs: 900_000,
      run: async (show) => {
        router = await KubeRouter.start(await ensureKubeRouter(show), node);
        await context.type(`kubectl create namespace ${stranger}
          kubectl create serviceaccount sleep --namespace ${stranger}`);
        await context.kubectl.apply([clientPod('client', stranger)]);
        await context.type(
          `kubectl wait --for=condition=Ready --timeout=120s pod/client --namespace ${stranger}`,
        );
      },
    },
    {
      name: 'without a policy, a pod of any namespace connects to istio-ra',
      foundation: true,
      needs: ipset,
      run: () => assertDoors(context, { certificates: true, metrics: true }),
    },
    {
      name: "with the chart's policy, pods of another namespace connect neither for certificates nor for metrics",
      needs: ipset,
      foundation: true,
      run: async () => {
        await context.type(withPolicy);
        await rolledOut(context);
        await assertDoors(context, { certificates: false, metrics: false });
      },
    },
    {
      name: 'pods with sidecars start, so that certificates are issued, and the probes of istio-ra are answered',
      needs: ipset,
      run: async (show) => {
        await context.type(`kubectl rollout restart deployment --namespace foo
          kubectl rollout status deployment/sleep --namespace foo --timeout 180s
          kubectl rollout status deployment/httpbin --namespace foo --timeout 180s`);
        await assertNoRestart(context);
        show(`${(await istioRaPods(context)).length} pods of istio-ra are ready`);
      },
    },
    {
      name: 'istio-ra connects to nothing but DNS and the API server',
      needs: ipset,
      run: async (show) => {
        const closed = await outcomeFromIstioRa(context, 'httpbin.foo.svc.cluster.local', 8000);
        assert.notEqual(closed, 'connected');
        const open = await outcomeFromIstioRa(context, 'kubernetes.default.svc.cluster.local', 443);
        assert.equal(open, 'connected');
        show(`httpbin.foo: ${closed}; the API server: ${open}`);
      },
    },
    {
      name: 'kube-router and its rules go again',
      needs: ipset,
      isLast: true,
      run: async () => {
        await context.type(`kubectl delete namespace ${stranger} --wait=false --ignore-not-found
          helm upgrade istio-ra charts/istio-ra --namespace istio-system --values values.yaml`);
        await rolledOut(context);
        await router?.remove();
      },
    },
  ];
}

/** Tries istio-ra's ports from another namespace until all are as expected; throws where that does not come. */
async function assertDoors(
  context: ClusterContext,
  expected: Readonly<Record<keyof typeof ports, boolean>>,
): Promise<void> {
  let found: Record<string, boolean> = {};
  const look = async (): Promise<boolean> => {
    const [pod] = await istioRaPods(context);
    assert.ok(pod?.status.podIP !== undefined);
    found = {};
    for (const [door, port] of Object.entries(ports)) {
      found[door] = await connects(context, `${pod.status.podIP}:${port}`);
    }
    return JSON.stringify(found) === JSON.stringify(expected);
  };
  await awaitUntil(look, {
    what: `the ports of istio-ra are ${JSON.stringify(expected)}`,
    timeoutMs: 60_000,
    intervalMs: 2000,
  }).catch((error: unknown) => {
    throw new Error(`they are ${JSON.stringify(found)}`, { cause: error });
  });
}

/** Whether a pod elsewhere gets a TCP connection, whatever is said on it. */
async function connects(context: ClusterContext, address: string): Promise<boolean> {
  const { stdout } = await context.kubectl.attempt(
    ...['exec', '--namespace', stranger, 'client', '--', 'curl', '--silent', '--max-time', '3'],
    ...['--output', '/dev/null', '--write-out', '%{time_connect}', `http://${address}/`],
  );
  return Number(stdout) > 0;
}

/** How a connection from a container of istio-ra ends: its image has Node and no other program. */
async function outcomeFromIstioRa(
  context: ClusterContext,
  host: string,
  port: number,
): Promise<string> {
  const script = `const socket = require('node:net').connect(${port}, '${host}');
    const end = (word) => { console.log(word); process.exit(0); };
    socket.on('connect', () => end('connected')).on('error', (error) => end(error.code));
    setTimeout(() => end('no answer'), 5000);`;
  const printed = await context.kubectl.run(
    ...['exec', '--namespace', 'istio-system', 'deploy/istio-ra', '--', 'node', '-e', script],
  );
  return printed.trim();
}

/** kube-router's firewall alone: routes and Services are the node's own. */
class KubeRouter {
  private readonly program: string;
  private readonly namespaces: NodeNamespaces;
  private readonly running: RunningProcess;

  private constructor(program: string, namespaces: NodeNamespaces, running: RunningProcess) {
    this.program = program;
    this.namespaces = namespaces;
    this.running = running;
  }

  static async start(program: string, node: string): Promise<KubeRouter> {
    const namespaces = namespacesIn(node);
    const processes = new Processes({ logDir: join(node, 'logs'), pidFile: join(node, 'pids') });
    const args = [
      ...['--run-firewall=true', '--run-router=false', '--run-service-proxy=false'],
      // An administrator by the address of the API server within the node.
      `--kubeconfig=${join(node, 'control-plane', 'user-system-coredns.kubeconfig')}`,
      '--hostname-override=node',
      `--service-cluster-ip-range=${addresses.serviceRange}`,
      ...['--iptables-sync-period=10s', '--health-port=0', '--metrics-port=0'],
    ];
    const running = processes.start({ name: 'kube-router', ...namespaces.entering(program, args) });
    await running.awaitReady(async () =>
      (await namespaces.run('iptables', ['-S', 'FORWARD'])).includes('KUBE-ROUTER-FORWARD'),
    );
    return new KubeRouter(program, namespaces, running);
  }

  async remove(): Promise<void> {
    await this.namespaces.run('pkill', ['-x', 'kube-router']);
    await this.running.exited;
    // It goes on to clean up after parts that did not run, for which the kernel may lack what they need.
    const done = 'Successfully cleaned the NetworkPolicyController configurations';
    await this.namespaces.run(this.program, ['--cleanup-config']).catch((error: unknown) => {
      if (!String(error).includes(done)) throw error;
    });
  }
}
