import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { MissingPrerequisite } from '../../e2e/stack/prerequisites.ts';
import { secondsSince, Suite } from '../../e2e/runner/suite.ts';
import { runChapters, type ChapterChoice } from '../chapters/all-chapters.ts';
import { ipset } from '../chapters/network-policy.ts';
import { callerImage } from '../images/cluster-images.ts';
import { ContainerRuntime } from '../node/container-runtime.ts';
import { readRecord } from '../node/cluster-node.ts';
import { NodeNamespaces } from '../node/node-namespaces.ts';
import { missingForChapters } from '../node/node-prerequisites.ts';
import { overlayFor, overlayForUsersCluster, type Overlay } from '../mesh/overlay.ts';
import { Kubectl } from '../../e2e/stack/kubectl.ts';
import {
  certManagerVersion,
  ensureNodeTools,
  envoyVersion,
  istioVersion,
  type NodeTools,
} from '../tools/node-tools.ts';
import { clusterFolder, istioRaArchive } from './cluster-folder.ts';

const maxStepMs = 300_000;
const env = process.env;

/** What only the node of `make cluster` has. */
const missingElsewhere: ReadonlyMap<string, string> = new Map([
  [callerImage, `the image ${callerImage} is on the node of \`make cluster\` alone`],
]);

interface Target {
  readonly kubeconfig: string;
  readonly overlay: Overlay;
  /** The folder of the node, where it is that of `make cluster`. */
  readonly node: string | undefined;
}

const versions =
  `istiod, istio-agent and istioctl ${istioVersion}; cert-manager ${certManagerVersion}; ` +
  `Envoy ${envoyVersion ?? 'of no known version'}, the public build, so that waypoints start it without Istio's own extension`;

/** `make cluster-test`: every chapter, or those that are named. Returns the exit status. */
async function main(): Promise<number> {
  const start = performance.now();
  const tools = await ensureNodeTools(say);
  const target = await chooseTarget(tools);
  const folder = join(clusterFolder, '..', 'cluster-test');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const report: string[] = [];
  const print = (line: string): void => {
    report.push(line);
    say(line);
  };
  print(versions);
  print(`what differs from the documents:\n${JSON.stringify(target.overlay, undefined, 2)}`);
  const suite = new Suite({
    print,
    missing: target.node === undefined ? missingElsewhere : missingForChapters([ipset]),
    mustRunAll: env['CI'] === 'true',
    maxStepMs,
  });
  await runChapters(suite, { ...target, tools, folder, choice: chapterChoice(), print });
  suite.summarize();
  print(`in ${secondsSince(start)} s`);
  const file = join(folder, 'report.txt');
  writeFileSync(file, `${report.join('\n')}\n`);
  say(`report: ${relative(process.cwd(), file)}`);
  return suite.succeeded ? 0 : 1;
}

function chapterChoice(): ChapterChoice {
  return { short: env['CLUSTER'] === 'short', only: env['CLUSTER_ONLY'] };
}

async function chooseTarget(tools: NodeTools): Promise<Target> {
  const kubeconfig = env['CLUSTER_KUBECONFIG'];
  if (kubeconfig !== undefined && kubeconfig !== '') return usersCluster(kubeconfig, tools);
  const record = readRecord(clusterFolder);
  if (record === undefined) {
    throw new MissingPrerequisite(
      'there is no cluster: run `make cluster`, or name yours by CLUSTER_KUBECONFIG',
    );
  }
  if (!existsSync(istioRaArchive)) {
    throw new MissingPrerequisite(
      `there is no image ${relative(process.cwd(), istioRaArchive)}: run \`make image\``,
    );
  }
  const namespaces = NodeNamespaces.of(record.pid);
  await ContainerRuntime.of({ namespaces, ctr: tools.ctr }).importImage(istioRaArchive);
  return { kubeconfig: record.kubeconfig, overlay: overlayFor(tools), node: clusterFolder };
}

/** A cluster that somebody has: nothing of theirs may be in the way, and the image has to be theirs to pull. */
async function usersCluster(kubeconfig: string, tools: NodeTools): Promise<Target> {
  const image = env['IMAGE'];
  if (image === undefined || image === '') {
    throw new MissingPrerequisite(
      'name the image by IMAGE=<registry>/<repository>:<tag>, as the nodes of your cluster pull it',
    );
  }
  const found = await new Kubectl(tools.kubectl, kubeconfig).attempt(
    'get',
    'namespace',
    'istio-system',
  );
  if (found.code === 0 && env['CLUSTER_OVERWRITE'] !== 'true') {
    throw new MissingPrerequisite(
      'the cluster has a namespace istio-system: take another cluster, or set CLUSTER_OVERWRITE=true to have Istio, cert-manager, istio-system, foo and bar in it replaced',
    );
  }
  const file = env['CLUSTER_OVERLAY'];
  const overlay =
    file === undefined || file === ''
      ? overlayForUsersCluster(image)
      : (JSON.parse(readFileSync(file, 'utf8')) as Overlay);
  return { kubeconfig, overlay, node: undefined };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof MissingPrerequisite)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
