import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Show, Step } from '../../e2e/runner/suite.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { Manifest } from '../../e2e/stack/kubectl.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { awaitDecision } from '../mesh/decisions.ts';
import {
  assertReached,
  assertRefused,
  describeEvidence,
  requestsThroughGateway,
} from '../mesh/traffic.ts';
import { workloadCertificate } from '../mesh/workload-certificate.ts';
import { certificateOfIstiod, freshMeshSteps } from './fresh-mesh.ts';
import { namesOfIstiod } from './front.ts';
import { certificateSteps, everyRequestAnewStep, named, trafficSteps } from './walk-through.ts';

const requests = 20;

/** docs/install.md, from "Gateways" to "Another name for the ConfigMap of roots". */
export function gatewaySteps(context: ClusterContext): readonly Step[] {
  return [
    ...freshMeshSteps(context),
    everyRequestAnewStep(context),
    ...istioGatewaySteps(context),
    ...gatewayApiSteps(context),
    ...revisionSteps(context),
    ...trustBundleSteps(context),
  ];
}

/** The gateway of Istio's own chart, which its sidecar injector completes. */
function istioGatewaySteps(context: ClusterContext): readonly Step[] {
  const install = context.document('install.md');
  return [
    {
      name: "a gateway of Istio's chart gets a certificate of its namespace's CA, for its own service account",
      foundation: true,
      run: async (show) => {
        await install.run('gateway');
        await assertIdentity(context, 'gateway', 'gateway', show);
      },
    },
    {
      name: 'it reaches httpbin in its own namespace',
      run: async (show) => {
        await install.run('gateway-routes');
        const host = 'httpbin.example.com';
        await assertThrough(context, { gateway: 'gateway', host, to: 'foo' }, show);
      },
    },
    {
      name: 'it does not reach httpbin in bar, though it has a route there',
      run: async (show) => {
        const host = 'bar.example.com';
        await context.kubectl.apply(routeToBar(host));
        await assertThrough(context, { gateway: 'gateway', host, to: 'bar' }, show);
      },
    },
  ];
}

/** Gateways that istiod itself deploys; a waypoint is one of them. */
function gatewayApiSteps(context: ClusterContext): readonly Step[] {
  const install = context.document('install.md');
  return [
    {
      name: 'the Gateway API is there, and istiod deploys a Gateway of it',
      foundation: true,
      run: async () => {
        const crds = join(context.tools.gatewayApiSource, 'config', 'crd', 'standard');
        await context.type(`kubectl apply --server-side -f ${crds} >/dev/null`);
        // istiod looks for the definitions it can use when it starts.
        await context.type(`kubectl rollout restart deployment/istiod --namespace istio-system
          kubectl rollout status deployment/istiod --namespace istio-system --timeout 180s`);
        await install.run('gateway-api');
        await awaitDeployment(context, 'shop-istio');
      },
    },
    {
      name: "it has a certificate of its namespace's CA, for the service account that istiod made",
      run: (show) => assertIdentity(context, 'shop-istio', 'shop-istio', show),
    },
    {
      name: 'it reaches httpbin in its own namespace (Gateway API)',
      run: (show) =>
        assertThrough(
          context,
          { gateway: 'shop-istio', host: 'shop.example.com', to: 'foo' },
          show,
        ),
    },
    {
      name: "a waypoint is given a certificate of its namespace's CA, for its own service account",
      run: async (show) => {
        await context.type(`helm upgrade istiod istio/istiod --namespace istio-system \
          --values mesh.yaml --values istiod.yaml --set-string pilot.env.PILOT_ENABLE_AMBIENT=true
          kubectl rollout status deployment/istiod --namespace istio-system --timeout 180s`);
        const since = new Date();
        await context.kubectl.apply([waypoint]);
        // Its agent asks as soon as it runs. Its Envoy would need filters that only Istio's own build has, so there
        // is no traffic through it, and it is the audit trail that tells.
        const identity = 'spiffe://cluster.local/ns/foo/sa/waypoint';
        const decision = await awaitDecision(
          context,
          since,
          (made) => made.identity === identity && made.outcome === 'issued',
        );
        assert.equal(decision.signer, 'clusterissuers.cert-manager.io/foo');
        show(`${decision.identity}: ${decision.outcome} by ${decision.signer}`);
        await context.type('kubectl delete gateways.gateway.networking.k8s.io waypoint -n foo');
      },
    },
  ];
}

/** A canary upgrade of Istio beside one istio-ra. */
function revisionSteps(context: ClusterContext): readonly Step[] {
  const install = context.document('install.md');
  const canary = 'istiod-canary.istio-system.svc';
  return [
    {
      name: 'a second istiod, with a revision, has its name in the one Secret',
      foundation: true,
      run: async (show) => {
        await install.run('canary');
        show(await namesOfIstiod(context, ['istiod.istio-system.svc', canary]));
      },
    },
    {
      name: 'the workloads of bar move to it',
      foundation: true,
      run: async (show) => {
        await install.run('canary-move');
        const printed = await context.type(
          'istioctl proxy-status --revision canary --istioNamespace istio-system | tail -n +2',
        );
        const inBar = printed.split('\n').filter((line) => line.includes('.bar'));
        assert.ok(inBar.length >= 2, `sidecars of bar are not served by the canary:\n${printed}`);
        show(inBar.map((line) => line.split(/\s+/)[0] ?? '').join(', '));
      },
    },
    ...named('two revisions: ', [...certificateSteps(context), ...trafficSteps(context)]),
    {
      name: 'the second istiod goes, and its name with it',
      run: async (show) => {
        await install.run('canary-back');
        await awaitUntil(async () => !(await certificateOfIstiod(context)).includes(canary), {
          what: `${canary} is gone from the certificate`,
          timeoutMs: 60_000,
          intervalMs: 1000,
        });
        show(await namesOfIstiod(context, ['istiod.istio-system.svc']));
      },
    },
    ...named('one again: ', [...certificateSteps(context), ...trafficSteps(context)]),
  ];
}

function trustBundleSteps(context: ClusterContext): readonly Step[] {
  return [
    {
      name: 'sidecars mount the roots under the name of global.trustBundleName',
      run: async (show) => {
        await context.document('install.md').run('trust-bundle-name');
        await context.type(`kubectl rollout restart deployment/sleep --namespace foo
          kubectl rollout status deployment/sleep --namespace foo --timeout 180s`);
        const path = '{.items[*].spec.volumes[?(@.name=="istiod-ca-cert")].configMap.name}';
        const mounted = await context.type(
          `kubectl get pods --namespace foo --selector app=sleep -o jsonpath='${path}'`,
        );
        assert.match(mounted, /mesh-roots/);
        show(`mounted: ${mounted}`);
      },
    },
    ...named('renamed roots: ', [...certificateSteps(context), ...trafficSteps(context)]),
  ];
}

async function awaitDeployment(context: ClusterContext, name: string): Promise<void> {
  await context.type(`kubectl wait --for=create --timeout=60s deployment/${name} --namespace foo
    kubectl rollout status deployment/${name} --namespace foo --timeout 180s`);
}

async function assertIdentity(
  context: ClusterContext,
  deployment: string,
  serviceAccount: string,
  show: Show,
): Promise<void> {
  const found = await workloadCertificate(context, 'foo', `deploy/${deployment}`);
  assert.equal(found.issuer, 'CN=foo-root');
  assert.equal(found.identity, `URI:spiffe://cluster.local/ns/foo/sa/${serviceAccount}`);
  assert.deepEqual(found.roots, ['CN=foo-root']);
  show(`issuer ${found.issuer}; ${found.identity}; trusts ${found.roots.join(', ')}`);
}

async function assertThrough(
  context: ClusterContext,
  way: { readonly gateway: string; readonly host: string; readonly to: string },
  show: Show,
): Promise<void> {
  const evidence = await requestsThroughGateway(context, way, requests);
  if (way.to === 'foo') assertReached(evidence, requests);
  else assertRefused(evidence, requests);
  show(describeEvidence(evidence));
}

/** Another tenant's server behind foo's gateway, which is nothing that the document has. */
function routeToBar(host: string): readonly Manifest[] {
  const metadata = { name: 'gateway-to-bar', namespace: 'foo' };
  return [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata,
      spec: {
        selector: { istio: 'gateway' },
        servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [host] }],
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata,
      spec: {
        hosts: [host],
        gateways: [metadata.name],
        http: [
          {
            route: [
              { destination: { host: 'httpbin.bar.svc.cluster.local', port: { number: 8000 } } },
            ],
            retries: { attempts: 0 },
          },
        ],
      },
    },
  ];
}

const waypoint: Manifest = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: {
    name: 'waypoint',
    namespace: 'foo',
    labels: { 'istio.io/waypoint-for': 'service' },
  },
  spec: {
    gatewayClassName: 'istio-waypoint',
    listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }],
  },
};
