import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Show, Step } from '../../e2e/runner/suite.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { Manifest } from '../../e2e/stack/kubectl.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { emptyClusterStep } from '../mesh/empty-cluster.ts';
import { notesOf } from '../mesh/notes.ts';
import { everyRequestAnew } from '../mesh/traffic.ts';
import { certificateOfIstiod, installCertManager } from './fresh-mesh.ts';
import { certificateSteps, tenants, trafficSteps } from './walk-through.ts';

/** The name that every istiod's certificate must have for its clients. */
const upstream = 'istiod-upstream.istio-system.svc';

/** docs/front-mode.md, "A new mesh": istio-ra under istiod's name from the beginning, with Istio's own charts. */
export function frontSteps(context: ClusterContext): readonly Step[] {
  const install = context.document('install.md');
  const front = context.document('front-mode.md');
  let notes = '';
  return [
    emptyClusterStep(context),
    {
      name: 'cert-manager, the issuers and the values of docs/install.md are there',
      foundation: true,
      run: async () => {
        await installCertManager(context);
        for (const block of ['namespaces', 'issuers', 'mesh-config', 'values']) {
          await install.run(block);
        }
      },
    },
    {
      name: 'the chart refuses to join a Service that is not there',
      run: async (show) => {
        await front.run('front-values');
        await assertRefusedByChart(
          context,
          `helm install istio-ra charts/istio-ra --namespace istio-system --dry-run=server \
  --values values.yaml --values front.yaml --set front.service.create=false`,
          /there is no Service istiod that istio-ra's pods could join: set front\.service\.create to true/,
          show,
        );
      },
    },
    {
      name: 'istio-ra is installed in mode front, and makes the Service istiod',
      foundation: true,
      run: async (show) => {
        await front.run('front-istiod-values');
        notes = await front.run('front-install');
        show(await servicesOf(context));
      },
    },
    {
      name: 'NOTES.txt asks for the values of istiod that docs/front-mode.md has',
      run: () => {
        const file = join(context.folder, 'istiod-upstream.yaml');
        assert.deepEqual(notesOf(notes).istiodValues, parse(readFileSync(file, 'utf8')));
        return Promise.resolve();
      },
    },
    {
      name: 'the real istiod is installed by its own chart, with a revision and a certificate of our making',
      foundation: true,
      run: async (show) => {
        await front.run('front-istiod');
        show(await namesOfIstiod(context, [upstream, 'istiod.istio-system.svc']));
      },
    },
    {
      name: 'the workloads of foo and bar start with sidecars, which call istio-ra for everything',
      foundation: true,
      run: async (show) => {
        await install.run('proxy-configs');
        await context.kubectl.apply(everyRequestAnew(tenants));
        await install.run('workloads');
        await assertPassedOn(context, 4, show);
      },
    },
    ...certificateSteps(context),
    ...trafficSteps(context),
    largeMessageStep(context),
  ];
}

const filters = 6;
const megabyte = 1024 * 1024;

/** A message of XDS is passed on as a whole, however large istiod makes it. */
function largeMessageStep(context: ClusterContext): Step {
  return {
    name: `a message of XDS of ${filters} MiB reaches the sidecars of foo through istio-ra`,
    run: async (show) => {
      const names = Array.from({ length: filters }, (_, n) => `large-${n}`);
      const before = await rejectedByClient(context);
      // Kubernetes takes no object of more than one and a half megabytes, so it is some of them.
      for (const name of names) await context.kubectl.apply([largeCluster(name)]);
      try {
        let dump = '';
        await awaitUntil(
          async () => {
            dump = await askClient(context, 'config_dump?resource=dynamic_active_clusters');
            return names.every((name) => dump.includes(`"${name}"`));
          },
          { what: `foo's client has ${names.join(', ')}`, timeoutMs: 60_000, intervalMs: 2000 },
        );
        assert.ok(dump.length > filters * megabyte, `the clusters have ${dump.length} bytes`);
        assert.equal(await rejectedByClient(context), before, 'Envoy has rejected an update');
        show(`clusters of foo's client: ${(dump.length / megabyte).toFixed(1)} MiB in one update`);
      } finally {
        await context.type(`kubectl delete envoyfilter --namespace foo ${names.join(' ')}`);
      }
    },
  };
}

function largeCluster(name: string): Manifest {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace: 'foo' },
    spec: {
      configPatches: [
        {
          applyTo: 'CLUSTER',
          match: { context: 'SIDECAR_OUTBOUND' },
          patch: {
            operation: 'ADD',
            value: {
              name,
              type: 'STATIC',
              connect_timeout: '1s',
              metadata: { filter_metadata: { test: { text: 'x'.repeat(megabyte) } } },
            },
          },
        },
      ],
    },
  };
}

/** How many updates of clusters the Envoy of foo's client has rejected. */
async function rejectedByClient(context: ClusterContext): Promise<number> {
  const printed = await askClient(context, 'stats?filter=cluster_manager.cds.update_rejected');
  const count = /update_rejected: (\d+)/.exec(printed)?.[1];
  assert.ok(count !== undefined, printed);
  return Number(count);
}

async function askClient(context: ClusterContext, path: string): Promise<string> {
  return context.kubectl.run(
    ...['exec', '--namespace', 'foo', 'deploy/sleep', '-c', 'istio-proxy', '--'],
    ...['pilot-agent', 'request', 'GET', path],
  );
}

/** Throws where a command of helm succeeds, or fails with another message. */
export async function assertRefusedByChart(
  context: ClusterContext,
  line: string,
  message: RegExp,
  show: Show,
): Promise<void> {
  const outcome = await context.type(line).catch((error: unknown) => String(error));
  assert.match(outcome, message);
  show(message.exec(outcome)?.[0] ?? '');
}

/** The Services of the namespace with what they choose their pods by. */
async function servicesOf(context: ClusterContext): Promise<string> {
  return context.type('kubectl get services --namespace istio-system --output wide --no-headers');
}

/** Waits until the certificate in the Secret of istiod has these names, and returns all that it has. */
export async function namesOfIstiod(
  context: ClusterContext,
  wanted: readonly string[],
): Promise<string> {
  let names = '';
  await awaitUntil(
    async () => {
      names = /DNS:.*/.exec(await certificateOfIstiod(context))?.[0] ?? '';
      return wanted.every((name) =>
        new RegExp(`DNS:${name.replaceAll('.', '\\.')}(,|\\s|$)`).test(names),
      );
    },
    {
      what: `istiod's certificate has ${wanted.join(' and ')}`,
      timeoutMs: 60_000,
      intervalMs: 1000,
    },
  );
  return names.trim();
}

/** Streams of so many sidecars at least go through istio-ra: its own counters, over all replicas. */
export async function assertPassedOn(
  context: ClusterContext,
  sidecars: number,
  show: Show,
): Promise<void> {
  let open = 0;
  await awaitUntil(
    async () => {
      open = await passedOn(context);
      return open >= sidecars;
    },
    { what: `${sidecars} streams of XDS go through istio-ra`, timeoutMs: 60_000, intervalMs: 2000 },
  );
  show(`streams of XDS through istio-ra now: ${open}`);
}

/** How many calls istio-ra passes on to the real istiod at this moment. */
async function passedOn(context: ClusterContext): Promise<number> {
  const pods = await context.type(
    `kubectl get pods --namespace istio-system --selector app.kubernetes.io/name=istio-ra -o name`,
  );
  let open = 0;
  for (const pod of pods.trim().split('\n')) {
    const page = await context.type(
      `kubectl get --raw /api/v1/namespaces/istio-system/pods/${pod.replace('pod/', '')}:15014/proxy/metrics`,
    );
    const line = /^istio_ra_pass_through_connections\{[^}]*port="15012"[^}]*\} (\d+)$/m.exec(page);
    assert.ok(line?.[1] !== undefined, `${pod} tells of no streams that are passed on`);
    open += Number(line[1]);
  }
  return open;
}
