import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Show, Step } from '../../e2e/runner/suite.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { decisionsSince } from '../mesh/decisions.ts';
import { emptyClusterStep } from '../mesh/empty-cluster.ts';
import { everyRequestAnew } from '../mesh/traffic.ts';
import { installCertManager } from './fresh-mesh.ts';
import { certificateSteps, named, tenants, trafficSteps } from './walk-through.ts';

/**
 * docs/install.md, "From the set-up in Istio's documentation": first that set-up, by istioctl, where istiod is
 * the registration authority; then istio-ra in its place.
 */
export function operatorSteps(context: ClusterContext): readonly Step[] {
  const install = context.document('install.md');
  const walkthrough = context.document('walkthrough.md');
  return [
    emptyClusterStep(context),
    {
      name: 'cert-manager and the ClusterIssuers of docs/walkthrough.md are ready',
      foundation: true,
      run: async () => {
        await installCertManager(context);
        await install.run('namespaces');
        for (const block of ['issuers', 'issuers-ready', 'roots', 'mesh-config']) {
          await walkthrough.run(block);
        }
      },
    },
    {
      name: "the task's own form, with EXTERNAL_CA as a variable, gives istiod no right to create requests",
      run: (show) => taskByTheLetter(context, show),
    },
    {
      name: "istioctl installs the IstioOperator of Istio's document, with istiod as registration authority",
      foundation: true,
      run: async () => {
        await install.run('operator-before');
        await walkthrough.run('proxy-configs');
        await context.kubectl.apply(everyRequestAnew(tenants));
        await install.run('workloads');
      },
    },
    ...named('by istiod: ', [...certificateSteps(context), ...trafficSteps(context)]),
    {
      name: 'istio-ra is installed, and istiod is no registration authority any more',
      foundation: true,
      run: async () => {
        await install.run('operator-values');
        await install.run('operator-install');
        await install.run('operator-after');
      },
    },
    {
      name: 'restarted workloads get their certificates from istio-ra',
      foundation: true,
      run: async (show) => {
        const since = new Date();
        for (const tenant of tenants) {
          await context.type(`kubectl rollout restart deployment --namespace ${tenant}`);
        }
        await install.run('workloads');
        const decisions = await decisionsSince(context, since);
        const issued = decisions.filter(({ outcome }) => outcome === 'issued');
        const identities = new Set(issued.map(({ identity }) => identity));
        show(`issued by istio-ra: ${[...identities].sort().join(', ')}`);
        assert.equal(identities.size, 4, 'httpbin and sleep of both tenants');
      },
    },
    ...named('by istio-ra: ', [...certificateSteps(context), ...trafficSteps(context)]),
  ];
}

/** What docs/install.md says of the task's own YAML: a reason to keep that remark, or to take it away. */
async function taskByTheLetter(context: ClusterContext, show: Show): Promise<void> {
  const byTheLetter = {
    apiVersion: 'install.istio.io/v1alpha1',
    kind: 'IstioOperator',
    spec: {
      components: {
        pilot: {
          k8s: { env: [{ name: 'EXTERNAL_CA', value: 'ISTIOD_RA_KUBERNETES_API' }] },
        },
      },
    },
  };
  writeFileSync(join(context.folder, 'task.yaml'), JSON.stringify(byTheLetter));
  const printed = await context.type('istioctl manifest generate -f task.yaml');
  const role = parseAllDocuments(printed)
    .map((document) => document.toJSON() as Rules | null)
    .find((object) => object?.metadata.name === 'istiod-clusterrole-istio-system');
  assert.ok(role?.rules !== undefined && role.rules.length > 0, 'the ClusterRole of istiod');
  const resources = role.rules.flatMap((rule) => rule.resources ?? []);
  assert.ok(
    !resources.includes('certificatesigningrequests'),
    'the task works by the letter again',
  );
  show(
    `istiod's ClusterRole has ${role.rules.length} rules, and none is on certificatesigningrequests`,
  );
}

interface Rules {
  readonly metadata: { readonly name: string };
  readonly rules?: readonly { readonly resources?: readonly string[] }[];
}
