import assert from 'node:assert/strict';
import type { Step } from '../../e2e/runner/suite.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import {
  allPairs,
  assertReached,
  assertRefused,
  describeEvidence,
  everyRequestAnew,
  sendRequests,
} from '../mesh/traffic.ts';
import { workloadCertificate } from '../mesh/workload-certificate.ts';

/** The namespaces of the two tenants; each has its own CA. */
export const tenants = ['foo', 'bar'] as const;
const requests = 20;

/** The steps that users of Istio's document on custom CAs know, by its workloads, in real pods. */
export function walkThroughSteps(context: ClusterContext): readonly Step[] {
  return [
    everyRequestAnewStep(context),
    ...certificateSteps(context),
    ...trafficSteps(context),
    {
      name: "docs/walkthrough.md's commands for a mesh show the same",
      run: async (show) => {
        const walkthrough = context.document('walkthrough.md');
        show((await walkthrough.run('mesh-issuer')).replaceAll(/\s+/g, ' ').trim());
        await walkthrough.run('mesh-reach');
        await assert.rejects(walkthrough.run('mesh-apart'), /503|exit|ended with/);
      },
    },
  ];
}

export function everyRequestAnewStep(context: ClusterContext): Step {
  return {
    name: 'each request opens a connection of its own, and none is tried again',
    foundation: true,
    run: async () => context.kubectl.apply(everyRequestAnew(tenants)),
  };
}

/** The same steps at another point of a procedure, which stands before each name. */
export function named(prefix: string, steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => ({ ...step, name: `${prefix}${step.name}` }));
}

export function certificateSteps(context: ClusterContext): readonly Step[] {
  return tenants.flatMap((tenant) =>
    ['httpbin', 'sleep'].map((workload): Step => ({
      name: `${workload} in ${tenant} has a certificate of ${tenant}'s CA, and trusts that one alone`,
      run: async (show) => {
        const found = await workloadCertificate(context, tenant, `deploy/${workload}`);
        assert.equal(found.issuer, `CN=${tenant}-root`);
        assert.equal(found.identity, `URI:spiffe://cluster.local/ns/${tenant}/sa/${workload}`);
        assert.deepEqual(found.roots, [`CN=${tenant}-root`]);
        show(`issuer ${found.issuer}; ${found.identity}; trusts ${found.roots.join(', ')}`);
      },
    })),
  );
}

/** Every pair both ways: within a tenant 200, across 503 for the certificate. */
export function trafficSteps(context: ClusterContext): readonly Step[] {
  return allPairs(tenants).map((pair): Step => ({
    name: `${pair.from} ${pair.from === pair.to ? 'reaches' : 'does not reach'} ${pair.to}`,
    run: async (show) => {
      const evidence = await sendRequests(context, pair, requests);
      if (pair.from === pair.to) assertReached(evidence, requests);
      else assertRefused(evidence, requests);
      show(describeEvidence(evidence));
    },
  }));
}
