import { join } from 'node:path';
import type { Suite } from '../../e2e/runner/suite.ts';
import { MissingPrerequisite } from '../../e2e/stack/prerequisites.ts';
import { ClusterContext } from '../mesh/cluster-context.ts';
import type { Overlay } from '../mesh/overlay.ts';
import type { NodeTools } from '../tools/node-tools.ts';
import { attackSteps } from './attacks.ts';
import { freshMeshSteps } from './fresh-mesh.ts';
import { nodeSteps } from './node.ts';
import { runControls } from './control-runs.ts';
import { moveChapter } from './move.ts';
import { operatorSteps } from './operator.ts';
import { remoteClusterSteps } from './remote-cluster.ts';
import { renewalSteps } from './renewals.ts';
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

/**
 * Runs the chapters in their order. Those on the fresh mesh stand on it one after the other; each of the long
 * ones begins on an empty cluster.
 */
export async function runChapters(suite: Suite, options: ChapterOptions): Promise<void> {
  const { short, only } = options.choice;
  const wanted = (title: string): boolean =>
    only === undefined || only === '' || title.toLowerCase().includes(only.toLowerCase());
  if (!titles.some(wanted)) {
    throw new MissingPrerequisite(
      `no chapter has “${only ?? ''}” in its title; there are:\n${titles.map((title) => `- ${title}`).join('\n')}`,
    );
  }
  if (options.node !== undefined && wanted(theNode)) await suite.chapter(theNode, nodeSteps());
  if (wanted(freshMesh)) await onFreshMesh(suite, options);
  if (short) return;
  if (wanted(operator)) {
    await suite.chapter(operator, operatorSteps(contextFor(options, 'operator')));
  }
  if (wanted(move)) {
    await moveChapter(suite, move, contextFor(options, 'move'));
  }
  if (wanted(controls)) {
    const { print } = options;
    await runControls({ suite, print, contextFor: (name) => contextFor(options, name) });
  }
}

const theNode = 'The node itself';
const freshMesh = 'A fresh mesh, istio-ra beside istiod';
const operator =
  "The IstioOperator of Istio's own document, then istio-ra in istiod's place as an authority";

const controls = 'Control runs';
const move = "A running mesh with istiod's own CA is moved as documented, and rolled back";

/** Chapters on the fresh mesh are not run apart from it. */
const titles: readonly string[] = [theNode, freshMesh, operator, move, controls];

async function onFreshMesh(suite: Suite, options: ChapterOptions): Promise<void> {
  const context = contextFor(options, 'fresh');
  if (!(await suite.chapter(freshMesh, freshMeshSteps(context)))) return;
  const renewals = renewalSteps(context);
  await suite.chapter('The walk-through', [...walkThroughSteps(context), ...renewals.begin]);
  await suite.chapter('Attacks by the author of a pod', attackSteps(context));
  await suite.chapter('In the pod', inPodSteps(context));
  await suite.chapter('Renewals under traffic', renewals.end);
  if (options.choice.short) return;
  await suite.chapter('In the pod, where the audit trail is a file', auditInPodSteps(context));
  if (options.node === undefined) {
    options.print('\nskipped: Remote cluster (it needs the node of `make cluster`)');
  } else {
    await suite.chapter('Remote cluster', remoteClusterSteps(context, options.node));
  }
}

function contextFor(
  { kubeconfig, tools, overlay, folder }: ChapterOptions,
  name: string,
): ClusterContext {
  return new ClusterContext({ kubeconfig, tools, overlay, folder: join(folder, name) });
}
