import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '../../e2e/runner/suite.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';

const docs = join(import.meta.dirname, '..', '..', '..', 'docs');

interface CheckResult {
  readonly id: string;
  readonly verdict: string;
  readonly severity?: string;
  readonly text: string;
}

/** The commands that the documents have for a pod of istio-ra, typed as they stand there. */
export function inPodSteps(context: ClusterContext): readonly Step[] {
  const documented = (command: string): Promise<string> => context.type(lineFor(command));
  return [
    {
      name: '`istio-ra check` finds no error, and sees the settings that serve runs with',
      run: async (show) => {
        const printed = await context.type(`${lineFor('check')} -o json`);
        const { checks } = JSON.parse(printed) as { readonly checks: readonly CheckResult[] };
        const wrong = checks.filter(
          ({ verdict, severity }) => verdict === 'failed' && severity === 'error',
        );
        assert.deepEqual(wrong, []);
        const policy = checks.find(({ id }) => id === 'signer-policy');
        assert.match(policy?.text ?? '', /the policy has 2 rules/);
        const counts = Object.groupBy(checks, ({ verdict }) => verdict);
        show(
          Object.entries(counts)
            .map(([verdict, found]) => `${found?.length} ${verdict}`)
            .join(', '),
        );
        const skipped = [...new Set(counts['skipped']?.map(({ id }) => id))];
        show(`skipped, since the pod's account may not look: ${skipped.join(', ')}`);
      },
    },
    {
      name: '`istio-ra explain` says what a workload gets',
      run: async (show) => {
        const printed = await documented('explain');
        assert.match(printed, /GRANTED/);
        assert.match(printed, /rule foo/);
        show(printed.split('\n', 1)[0] ?? '');
      },
    },
    memoryLimitStep(context),
  ];
}

/** Where the trail is a file, it is verified in the pod. The pods are replaced for that, and back again. */
export function auditInPodSteps(context: ClusterContext): readonly Step[] {
  const upgrade = (more: string): Promise<string> =>
    context.type(
      `helm upgrade istio-ra charts/istio-ra --namespace istio-system --values values.yaml ${more} &&
       kubectl rollout status deployment/istio-ra --namespace istio-system --timeout 120s`,
    );
  return [
    {
      name: '`istio-ra audit verify` reads the trail, where it is a file',
      run: async (show) => {
        await upgrade('--set app.audit.target=file --set replicaCount=1');
        await context.type(
          `kubectl rollout restart deployment/sleep --namespace foo &&
           kubectl rollout status deployment/sleep --namespace foo --timeout 120s`,
        );
        const printed = await context.type(lineFor('audit verify'));
        assert.match(printed, /[1-9]\d* lines: intact/);
        show(printed.trim().split('\n').at(-1) ?? '');
        await upgrade('');
      },
    },
  ];
}

/** The chart limits the memory of its pods, and istio-ra says at its start what it has read. */
function memoryLimitStep(context: ClusterContext): Step {
  return {
    name: "istio-ra reads its pod's memory limit from the node's cgroups",
    run: async (show) => {
      const log = await context.type(
        'kubectl logs deploy/istio-ra --namespace istio-system --tail=-1 | grep memoryLimitBytes | head -n 1',
      );
      const line = JSON.parse(log) as { memoryLimitBytes: number; memoryLimitSource: string };
      assert.equal(line.memoryLimitBytes, 512 * 1024 * 1024);
      show(`${line.memoryLimitBytes} bytes, ${line.memoryLimitSource}`);
    },
  };
}

/** The line of docs/install.md for a command in the pod, without the remark behind it. */
function lineFor(command: string): string {
  const start = `kubectl exec -n istio-system deploy/istio-ra -- istio-ra ${command}`;
  const lines = readFileSync(join(docs, 'install.md'), 'utf8').split('\n');
  const line = lines.map((text) => text.trim()).find((text) => text.startsWith(start));
  if (line === undefined) throw new Error(`docs/install.md has no line ${start}`);
  return line.replace(/\s+#.*$/, '');
}
