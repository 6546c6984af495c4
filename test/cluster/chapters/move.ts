import assert from 'node:assert/strict';
import type { Step, Suite } from '../../e2e/runner/suite.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { RunnableDocument } from '../../e2e/stack/runnable-document.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { CountedPhases } from '../mesh/counted-phases.ts';
import { emptyClusterStep } from '../mesh/empty-cluster.ts';
import { documentedLosses, type DocumentedLosses } from '../mesh/documented-losses.ts';
import {
  allPairs,
  assertReached,
  describeEvidence,
  everyRequestAnew,
  sendRequests,
} from '../mesh/traffic.ts';
import { workloadCertificate, type WorkloadCertificate } from '../mesh/workload-certificate.ts';
import { installCertManager } from './fresh-mesh.ts';
import { certificateSteps, named, tenants, trafficSteps } from './walk-through.ts';

const requests = 20;
/** The common issuer of what istiod's own CA signs, which has no other name. */
const issuerOfIstiod = 'O=cluster.local';
const workloads = ['deploy/httpbin', 'deploy/sleep', 'pod/steady-client'];
/** A certificate of ten minutes is renewed after one. */
const renewalMs = 150_000;

interface Move {
  readonly context: ClusterContext;
  readonly install: RunnableDocument;
  readonly phases: CountedPhases;
  readonly documented: DocumentedLosses;
}

/**
 * docs/install.md, "Moving from istiod's own CA", and "Back to istiod's own CA": the commands of the document on
 * a mesh with traffic. What is lost is counted in each step and held against what the document says.
 */
export async function moveChapter(
  suite: Suite,
  title: string,
  context: ClusterContext,
): Promise<void> {
  const install = context.document('install.md');
  const documented = documentedLosses(install.text('move-costs'));
  const phases = new CountedPhases(context, tenants);
  try {
    await suite.chapter(title, moveSteps({ context, install, documented, phases }));
  } finally {
    await phases.stop();
  }
}

function moveSteps(move: Move): readonly Step[] {
  const { context } = move;
  return [
    ...plainMeshSteps(move),
    ...moveToIstioRaSteps(move),
    ...named('moved: ', [...certificateSteps(context), ...trafficSteps(context)]),
    ...returnSteps(move),
    ...ofIstiodSteps(move, 'returned: '),
  ];
}

function plainMeshSteps(move: Move): readonly Step[] {
  const { context, install, phases, documented } = move;
  return [
    emptyClusterStep(context),
    {
      name: "a mesh by Istio's charts and nothing else, where istiod is the CA, with workloads in foo and bar",
      foundation: true,
      run: async () => {
        await install.run('namespaces');
        await install.run('istio-base');
        await context.type('helm install istiod istio/istiod --namespace istio-system');
        await context.type(
          'kubectl rollout status deployment/istiod --namespace istio-system --timeout 180s',
        );
        await context.kubectl.apply([strictTls, ...everyRequestAnew(tenants)]);
        await install.run('workloads');
        await phases.restartClients();
      },
    },
    ...ofIstiodSteps(move, 'before: '),
    {
      name: 'cert-manager, the issuers and the values of docs/install.md are there',
      foundation: true,
      run: async () => {
        await installCertManager(context);
        await install.run('issuers');
        for (const block of ['mesh-config', 'values', 'istiod-values']) await install.run(block);
      },
    },
    phases.phase({
      name: 'for comparison: a restart of all workloads that changes nothing',
      maxLost: () => documented.restart,
      run: async () => {
        await install.run('move-restart-foo');
        await install.run('move-restart-bar');
      },
    }),
  ];
}

/** Makes steps of the document's blocks, which lose no more than it says. */
function documentedSteps(prefix: string, { install, phases, documented }: Move) {
  return (name: string, blocks: readonly string[], maxLost = documented.step): Step =>
    phases.phase({
      name: `${prefix}: ${name}`,
      maxLost: () => maxLost,
      run: async () => {
        for (const block of blocks) await install.run(block);
      },
    });
}

function moveToIstioRaSteps(move: Move): readonly Step[] {
  const { context, phases, documented } = move;
  const step = documentedSteps('move', move);
  return [
    step('istiod hands out the new roots beside its own', ['move-roots', 'move-istiod-roots']),
    step('every workload has them', ['trusts', 'move-await-roots']),
    step('istio-ra is installed, and new pods are told of it', [
      ...['move-values', 'move-install', 'proxy-configs', 'move-ca-address'],
    ]),
    step('foo is restarted', ['move-restart-foo'], documented.restart),
    ...allReachedSteps(context, 'only foo is moved: '),
    step('bar is restarted', ['move-restart-bar'], documented.restart),
    {
      name: 'move: the clients that were watching are moved as the last ones',
      foundation: true,
      run: async () => phases.restartClients(),
    },
    ...issuedBySteps(context, 'moved: ', (tenant) => `CN=${tenant}-root`),
    step("istiod's CA is turned off", ['move-istiod']),
    step("istiod's root leaves", ['move-finish']),
    phases.phase({
      name: 'move: every workload trusts the root of its own tenant alone, after a renewal',
      maxLost: () => documented.step,
      run: async () => {
        await awaitRoots(context, (tenant) => [`CN=${tenant}-root`]);
      },
    }),
  ];
}

function returnSteps(move: Move): readonly Step[] {
  const { context, phases, documented } = move;
  const step = documentedSteps('back', move);
  return [
    step("every workload learns istiod's root", ['move-roots', 'leave-roots']),
    step("istiod's CA is turned on", ['leave-istiod']),
    step('foo is restarted', ['move-restart-foo'], documented.restart),
    {
      name: 'only foo has returned: foo reaches bar, and bar reaches foo',
      run: async (show) => {
        for (const pair of allPairs(tenants).filter(({ from, to }) => from !== to)) {
          const evidence = await sendRequests(context, pair, requests);
          show(`${pair.from} to ${pair.to}: ${describeEvidence(evidence)}`);
          assertReached(evidence, requests);
        }
      },
    },
    step('bar is restarted', ['move-restart-bar'], documented.restart),
    {
      name: 'back: the clients that were watching return as the last ones',
      foundation: true,
      run: async () => phases.restartClients(),
    },
    ...issuedBySteps(context, 'returned: ', () => issuerOfIstiod),
    step('istio-ra is uninstalled', ['leave-finish']),
    phases.phase({
      name: "back: every workload trusts istiod's root alone, after a renewal",
      maxLost: () => documented.step,
      run: async () => {
        await awaitRoots(context, () => [issuerOfIstiod]);
      },
    }),
  ];
}

const strictTls = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'istio-system' },
  spec: { mtls: { mode: 'STRICT' } },
};

/** The state with istiod's CA alone: its certificates, its root, and everybody reaches everybody. */
function ofIstiodSteps({ context }: Move, prefix: string): readonly Step[] {
  return [
    {
      name: `${prefix}every workload has a certificate of istiod, and trusts istiod's root alone`,
      run: async (show) => {
        await eachWorkload(context, (tenant, workload, found) => {
          assert.equal(found.issuer, issuerOfIstiod, `${workload} in ${tenant}`);
          assert.deepEqual(found.roots, [issuerOfIstiod], `${workload} in ${tenant}`);
          show(`${workload} in ${tenant}: issuer ${found.issuer}; ${found.identity}`);
        });
      },
    },
    ...allReachedSteps(context, prefix),
  ];
}

function allReachedSteps(context: ClusterContext, prefix: string): readonly Step[] {
  return allPairs(tenants).map((pair): Step => ({
    name: `${prefix}${pair.from} reaches ${pair.to}`,
    run: async (show) => {
      const evidence = await sendRequests(context, pair, requests);
      assertReached(evidence, requests);
      show(describeEvidence(evidence));
    },
  }));
}

function issuedBySteps(
  context: ClusterContext,
  prefix: string,
  issuerOf: (tenant: string) => string,
): readonly Step[] {
  return [
    {
      name: `${prefix}no workload has a certificate of another CA any more`,
      foundation: true,
      run: async () => {
        await eachWorkload(context, (tenant, workload, { issuer }) => {
          assert.equal(issuer, issuerOf(tenant), `${workload} in ${tenant}`);
        });
      },
    },
  ];
}

async function awaitRoots(
  context: ClusterContext,
  rootsOf: (tenant: string) => readonly string[],
): Promise<void> {
  await awaitUntil(
    async () => {
      await eachWorkload(context, (tenant, workload, { roots }) => {
        assert.deepEqual(roots, rootsOf(tenant), `${workload} in ${tenant}`);
      });
      return true;
    },
    { what: 'workloads have lost the other roots', timeoutMs: renewalMs, intervalMs: 3000 },
  );
}

async function eachWorkload(
  context: ClusterContext,
  look: (tenant: string, workload: string, found: WorkloadCertificate) => void,
): Promise<void> {
  for (const tenant of tenants) {
    for (const workload of workloads) {
      look(tenant, workload, await workloadCertificate(context, tenant, workload));
    }
  }
}
