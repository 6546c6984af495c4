import assert from 'node:assert/strict';
import type { Show, Step, Suite } from '../../e2e/runner/suite.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { ControlPlaneWatch } from '../mesh/control-plane-watch.ts';
import { CountedPhases } from '../mesh/counted-phases.ts';
import { everyRequestAnew } from '../mesh/traffic.ts';
import { ensureHelm4 } from '../tools/node-tools.ts';
import { freshMeshSteps } from './fresh-mesh.ts';
import { assertPassedOn, assertRefusedByChart, namesOfIstiod } from './front.ts';
import { certificateSteps, named, tenants, trafficSteps } from './walk-through.ts';

/** Of the workloads in foo and bar, and of the clients that send requests meanwhile. */
const sidecars = 6;

/**
 * docs/front-mode.md, "A mesh that runs": a mesh with istio-ra beside, then istio-ra in the place of istiod's pods
 * in the Service istiod, upgrades of istiod by both Helms, and the way back. Meanwhile requests flow, a pod is
 * started every five seconds, and the endpoints of the Service are followed.
 */
export async function takeOverChapter(
  suite: Suite,
  title: string,
  context: ClusterContext,
): Promise<void> {
  const phases = new CountedPhases(context, tenants);
  let watch: ControlPlaneWatch | undefined;
  const begin = async (): Promise<void> => {
    await context.kubectl.apply(everyRequestAnew(tenants));
    await phases.restartClients();
    watch = new ControlPlaneWatch(context, 'istiod', 'foo');
  };
  try {
    await suite.chapter(title, [
      {
        name: 'Helm 4 is there, beside Helm 3',
        foundation: true,
        // It is built once, which takes minutes.
        maxMs: 900_000,
        run: async (show) => {
          await ensureHelm4(show);
        },
      },
      ...freshMeshSteps(context),
      {
        name: 'requests flow, and a pod is started every five seconds',
        foundation: true,
        run: begin,
      },
      ...takeOverSteps(context, phases),
      ...named('taken over: ', [...certificateSteps(context), ...trafficSteps(context)]),
      ...upgradeSteps(context, phases),
      ...giveBackSteps(context, phases),
      {
        name: 'the Service istiod was never without a ready pod, and every pod that was started got ready',
        run: async (show) => {
          assert.ok(watch !== undefined);
          const seen = await watch.stop();
          watch = undefined;
          show(
            `${seen.podsStarted} pods started, slowest ready after ${seconds(seen.slowestMs)} s`,
          );
          show(`endpoints changed ${seen.changes} times, fewest ready: ${seen.minEndpoints}`);
          assert.deepEqual(seen.podsFailed, []);
          assert.ok(seen.minEndpoints >= 1, 'there was a moment without endpoints');
          assert.ok(seen.podsStarted >= 20 && seen.changes >= 4, 'hardly anything was watched');
        },
      },
    ]);
  } finally {
    await watch?.stop();
    await phases.stop();
  }
}

function takeOverSteps(context: ClusterContext, phases: CountedPhases): readonly Step[] {
  const front = context.document('front-mode.md');
  return [
    phase(
      phases,
      'the real istiod is installed with a revision, and its name is in the certificate',
      async (show) => {
        await front.run('front-istiod-values');
        await front.run('take-over-istiod');
        show(await namesOfIstiod(context, ['istiod-upstream.istio-system.svc']));
      },
    ),
    {
      name: "the chart refuses to make istiod's Service, and a second budget over the same pods",
      run: (show) => refusals(context, show),
    },
    phase(phases, "istio-ra's pods join the Service istiod", async (show) => {
      await front.run('take-over-join');
      show(await podsOfService(context));
    }),
    phase(
      phases,
      "istiod's own pods leave it, and all sidecars are served through istio-ra",
      async (show) => {
        await front.run('take-over-leave');
        await assertPassedOn(context, sidecars, show);
        show(await podsOfService(context));
      },
    ),
    {
      name: "a GitOps controller finds no difference between istiod's rendered chart and the cluster",
      run: async (show) => {
        // As Argo CD compares: each field that the chart renders, and none that it leaves out.
        await context.type(`helm template istiod istio/istiod --namespace istio-system \
  --values mesh.yaml --values istiod.yaml |
  kubectl diff --server-side --force-conflicts --field-manager=helm -f -`);
        show('kubectl diff: nothing');
      },
    },
  ];
}

async function refusals(context: ClusterContext, show: Show): Promise<void> {
  await context.document('front-mode.md').run('take-over-values');
  const line = `helm upgrade istio-ra charts/istio-ra --namespace istio-system --dry-run=server \
  --values values.yaml --values front.yaml`;
  await assertRefusedByChart(
    context,
    `${line} --set front.service.create=true`,
    /there is a Service istiod, and it belongs to the release "istiod": set front\.service\.create to false/,
    show,
  );
  await context.type(`kubectl create poddisruptionbudget istiod --namespace istio-system \
  --selector=app=istiod,istio=pilot --min-available=1`);
  try {
    await assertRefusedByChart(
      context,
      `${line} --set podDisruptionBudget.enabled=true`,
      /the PodDisruptionBudget istiod chooses istio-ra's pods as well/,
      show,
    );
  } finally {
    await context.type('kubectl delete poddisruptionbudget istiod --namespace istio-system');
  }
}

/** Whoever upgrades istiod later knows nothing of istio-ra. */
function upgradeSteps(context: ClusterContext, phases: CountedPhases): readonly Step[] {
  const line = (change: string): string =>
    `helm upgrade istiod istio/istiod --namespace istio-system --values mesh.yaml --values istiod.yaml ${change}`;
  return [
    phase(phases, 'istiod is upgraded by Helm 3, twice', async (show) => {
      await context.type(line('--set-string podAnnotations.change=one'));
      await context.type(line('--set-string podAnnotations.change=two'));
      await assertStillTakenOver(context, show);
    }),
    phase(phases, 'istiod is upgraded by Helm 4, which applies on the server', async (show) => {
      const typeWithHelm4 = context.withHelm(await ensureHelm4(show));
      const upgrade = line('--set-string podAnnotations.change=three');
      await typeWithHelm4(upgrade);
      await typeWithHelm4(
        `${upgrade} --server-side=true --set-string serviceAnnotations.change=three`,
      );
      await assertStillTakenOver(context, show);
    }),
  ];
}

function giveBackSteps(context: ClusterContext, phases: CountedPhases): readonly Step[] {
  const front = context.document('front-mode.md');
  return [
    phase(phases, 'istiod is given its place back', async (show) => {
      await front.run('give-back');
      show(await podsOfService(context));
      const selector = await context.type(
        "kubectl get service istiod --namespace istio-system -o jsonpath='{.spec.selector}'",
      );
      assert.deepEqual(JSON.parse(selector), { app: 'istiod', istio: 'pilot' });
    }),
    ...named('given back: ', [...certificateSteps(context), ...trafficSteps(context)]),
  ];
}

async function assertStillTakenOver(context: ClusterContext, show: Show): Promise<void> {
  const replicas = await context.type(
    "kubectl get deployment istiod --namespace istio-system -o jsonpath='{.spec.replicas}'",
  );
  assert.equal(replicas, '0', 'the upgrade has brought pods of istiod back');
  await assertPassedOn(context, sidecars, show);
}

/** The names of the pods that the Service istiod leads to. */
async function podsOfService(context: ClusterContext): Promise<string> {
  const path = '{range .items[*].endpoints[*]}{.targetRef.name}={.conditions.ready} {end}';
  const printed = await context.type(
    `kubectl get endpointslices --namespace istio-system --selector kubernetes.io/service-name=istiod -o jsonpath='${path}'`,
  );
  return `Service istiod: ${printed.trim()}`;
}

/** Nothing is lost: no workload is restarted. */
function phase(phases: CountedPhases, name: string, run: (show: Show) => Promise<void>): Step {
  return phases.phase({ name, maxLost: () => 0, run });
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
