import { join } from 'node:path';
import type { Suite } from '../../e2e/runner/suite.ts';
import { MissingPrerequisite } from '../../e2e/stack/prerequisites.ts';
import { ClusterContext } from '../mesh/cluster-context.ts';
import type { Overlay } from '../mesh/overlay.ts';
import type { NodeTools } from '../tools/node-tools.ts';
import { aloneSteps } from './alone.ts';
import { attackSteps } from './attacks.ts';
import { freshMeshSteps } from './fresh-mesh.ts';
import { nodeSteps } from './node.ts';
import { daysChapter } from './days.ts';
import { frontSteps } from './front.ts';
import { gatewaySteps } from './gateways.ts';
import { runControls } from './control-runs.ts';
import { moveChapter } from './move.ts';
import { operatorSteps } from './operator.ts';
import { remoteClusterSteps } from './remote-cluster.ts';
import { renewalSteps } from './renewals.ts';
import { takeOverChapter } from './take-over.ts';
import { walkThroughSteps } from './walk-through.ts';
import { auditInPodSteps, inPodSteps } from './in-pod.ts';

export interface ChapterChoice {
  /** What CI runs with each change. */
  readonly short: boolean;
  /** Part of a chapter's title. */
  readonly only: string | undefined;
}

export interface ChapterOptions {
  readonly kubeconfig: string;
  readonly tools: NodeTools;
  readonly overlay: Overlay;
  readonly folder: string;
  readonly node: string | undefined;
  readonly choice: ChapterChoice;
  readonly print: (line: string) => void;
}

/** Chapters that stand on one mesh one after the other are not run apart. */
interface Part {
  readonly title: string;
  /** Whether CI runs it with each change. */
  readonly isShort: boolean;
  readonly run: (suite: Suite, title: string, options: ChapterOptions) => Promise<unknown>;
}

/** In their order; each begins on an empty cluster. */
const parts: readonly Part[] = [
  {
    title: 'The node itself',
    isShort: true,
    run: async (suite, title, { node }) =>
      node === undefined ? undefined : suite.chapter(title, nodeSteps()),
  },
  { title: 'A fresh mesh, istio-ra beside istiod', isShort: true, run: onFreshMesh },
  {
    title: "A fresh mesh, istio-ra under istiod's name",
    isShort: true,
    run: (suite, title, options) => suite.chapter(title, frontSteps(contextFor(options, 'front'))),
  },
  {
    title: "A running mesh: istio-ra takes istiod's place in its Service, and gives it back",
    isShort: false,
    run: (suite, title, options) => takeOverChapter(suite, title, contextFor(options, 'take-over')),
  },
  {
    title: 'Gateways, two revisions of istiod, and roots under another name',
    isShort: false,
    run: (suite, title, options) =>
      suite.chapter(title, gatewaySteps(contextFor(options, 'gateways'))),
  },
  {
    title: 'istio-ra alone, in a cluster without Istio, and a client outside of it',
    isShort: false,
    run: async (suite, title, options) => {
      if (options.node === undefined) skipOf(title, options);
      else await suite.chapter(title, aloneSteps(contextFor(options, 'alone'), options.node));
    },
  },
  {
    title: 'The days of a node',
    isShort: false,
    run: async (suite, title, options) => {
      if (options.node === undefined) skipOf(title, options);
      else await daysChapter(suite, title, contextFor(options, 'days'), options.node);
    },
  },
  {
    title:
      "The IstioOperator of Istio's own document, then istio-ra in istiod's place as an authority",
    isShort: false,
    run: (suite, title, options) =>
      suite.chapter(title, operatorSteps(contextFor(options, 'operator'))),
  },
  {
    title: "A running mesh with istiod's own CA is moved as documented, and rolled back",
    isShort: false,
    run: (suite, title, options) => moveChapter(suite, title, contextFor(options, 'move')),
  },
  {
    title: 'Control runs',
    isShort: false,
    run: (suite, _title, options) =>
      runControls({
        suite,
        print: options.print,
        contextFor: (name) => contextFor(options, name),
      }),
  },
];

/** Runs the parts that are chosen. */
export async function runChapters(suite: Suite, options: ChapterOptions): Promise<void> {
  const { short, only = '' } = options.choice;
  const chosen = parts.filter(({ title }) => title.toLowerCase().includes(only.toLowerCase()));
  if (chosen.length === 0) {
    const titles = parts.map(({ title }) => `- ${title}`).join('\n');
    throw new MissingPrerequisite(`no chapter has “${only}” in its title; there are:\n${titles}`);
  }
  for (const { title, isShort, run } of chosen) {
    if (isShort || !short) await run(suite, title, options);
  }
}

async function onFreshMesh(suite: Suite, title: string, options: ChapterOptions): Promise<void> {
  const context = contextFor(options, 'fresh');
  if (!(await suite.chapter(title, freshMeshSteps(context)))) return;
  const renewals = renewalSteps(context);
  await suite.chapter('The walk-through', [...walkThroughSteps(context), ...renewals.begin]);
  await suite.chapter('Attacks by the author of a pod', attackSteps(context));
  await suite.chapter('In the pod', inPodSteps(context));
  await suite.chapter('Renewals under traffic', renewals.end);
  if (options.choice.short) return;
  await suite.chapter('In the pod, where the audit trail is a file', auditInPodSteps(context));
  if (options.node === undefined) skipOf('Remote cluster', options);
  else await suite.chapter('Remote cluster', remoteClusterSteps(context, options.node));
}

function skipOf(title: string, { print }: ChapterOptions): void {
  print(`\nskipped: ${title} (it needs the node of \`make cluster\`)`);
}

function contextFor(
  { kubeconfig, tools, overlay, folder }: ChapterOptions,
  name: string,
): ClusterContext {
  return new ClusterContext({ kubeconfig, tools, overlay, folder: join(folder, name) });
}
