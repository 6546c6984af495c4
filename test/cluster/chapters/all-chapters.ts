import type { Suite } from '../../e2e/runner/suite.ts';
import { ClusterContext } from '../mesh/cluster-context.ts';
import type { Overlay } from '../mesh/overlay.ts';
import type { NodeTools } from '../tools/node-tools.ts';
import { attackSteps } from './attacks.ts';
import { freshMeshSteps } from './fresh-mesh.ts';
import { renewalSteps } from './renewals.ts';
import { walkThroughSteps } from './walk-through.ts';
import { inPodSteps } from './in-pod.ts';

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

/** Runs the chapters in their order; each stands on the mesh that those before it have left. */
export async function runChapters(suite: Suite, options: ChapterOptions): Promise<void> {
  const { kubeconfig, tools, overlay, folder } = options;
  const context = new ClusterContext({ kubeconfig, tools, overlay, folder: `${folder}/fresh` });
  const stands = await suite.chapter(
    'A fresh mesh, istio-ra beside istiod',
    freshMeshSteps(context),
  );
  if (!stands) return;
  const renewals = renewalSteps(context);
  await suite.chapter('The walk-through', [...walkThroughSteps(context), ...renewals.begin]);
  await suite.chapter('Attacks by the author of a pod', attackSteps(context));
  await suite.chapter('In the pod', inPodSteps(context));
  await suite.chapter('Renewals under traffic', renewals.end);
}
