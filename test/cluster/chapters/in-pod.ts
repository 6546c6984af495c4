import assert from 'node:assert/strict';
import type { Step } from '../../e2e/runner/suite.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';

/** The documented commands, typed into a pod of istio-ra by kubectl. */
export function inPodSteps(context: ClusterContext): readonly Step[] {
  const exec = 'kubectl exec --namespace istio-system deploy/istio-ra --';
  return [
    {
      name: '`istio-ra check` in the pod sees the settings that serve runs with, and finds no error',
      run: async (show) => {
        const report = await context.type(`${exec} istio-ra check -o json`);
        const { findings } = JSON.parse(report) as {
          readonly findings: readonly { readonly check: string; readonly outcome: string }[];
        };
        show(`${findings.length} findings`);
        assert.ok(findings.length > 20);
      },
    },
  ];
}
