import { mkdirSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { MissingPrerequisite } from '../../e2e/stack/prerequisites.ts';
import { Processes } from '../../e2e/stack/process.ts';
import { endOnSignal } from '../../e2e/runner/end-on-signal.ts';
import { secondsSince } from '../../e2e/runner/suite.ts';
import { makeClusterImages } from '../images/cluster-images.ts';
import { ClusterNode, readRecord } from '../node/cluster-node.ts';
import { requireNodePrerequisites } from '../node/node-prerequisites.ts';
import { removeNode } from '../node/remove-node.ts';
import { ensureNodeTools, kubernetesVersion, type NodeTools } from '../tools/node-tools.ts';
import { clusterFolder, clusterPidFile } from './cluster-folder.ts';

/** `make cluster`: brings the node up, which stays. Returns the exit status. */
async function main(): Promise<number> {
  try {
    await requireNodePrerequisites();
    if (readRecord(clusterFolder) !== undefined) {
      say('a cluster is up already, or one was left behind; `make cluster-down` removes it');
      return 1;
    }
    const tools = await ensureNodeTools(say);
    const images = await makeClusterImages(tools, say);
    const start = performance.now();
    const node = await bringUp(tools, images);
    say(
      `the cluster is up after ${secondsSince(start)} s: Kubernetes ${kubernetesVersion}, ${node.cgroupVersion}`,
    );
    say(linesToTry(node, tools));
    // What the node's processes are connected to would keep this one from ending.
    process.exit(0);
  } catch (error) {
    if (!(error instanceof MissingPrerequisite)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function bringUp(tools: NodeTools, images: readonly string[]): Promise<ClusterNode> {
  rmSync(clusterFolder, { recursive: true, force: true });
  mkdirSync(clusterFolder, { recursive: true });
  const processes = new Processes({
    logDir: `${clusterFolder}/logs`,
    pidFile: clusterPidFile,
    lifetime: 'detached',
  });
  endOnSignal(async () => {
    await removeNode(clusterFolder, clusterPidFile);
  });
  try {
    return await ClusterNode.start({ dir: clusterFolder, tools, processes, images, log: say });
  } catch (error) {
    const { left } = await removeNode(clusterFolder, clusterPidFile);
    say(`it did not come up; logs: ${relative(process.cwd(), clusterFolder)}/logs`);
    for (const line of left) say(line);
    throw error;
  }
}

function linesToTry(node: ClusterNode, tools: NodeTools): string {
  const kubeconfig = relative(process.cwd(), node.kubeconfig);
  return `
The cluster stays up until \`make cluster-down\`.

export KUBECONFIG=$PWD/${kubeconfig}
alias kubectl=${tools.kubectl} helm=${tools.helm} istioctl=${tools.istioctl}
kubectl get nodes -o wide
make cluster-test   # install cert-manager, Istio and istio-ra, and run every chapter`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
