import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { istioImages } from '../images/cluster-images.ts';
import { secondPorts } from '../node/node-control-plane.ts';
import { addresses } from '../node/node-network.ts';
import { certManagerVersion, type NodeTools } from '../tools/node-tools.ts';

/**
 * All that differs from the documents here. Nothing can be fetched from a registry of charts or images, and
 * Envoy is the public one, which does not know the filters of Istio's own build.
 */
export interface Overlay {
  /** Charts as the documents name them, and where they lie here. */
  readonly charts: Readonly<Record<string, string>>;
  /** Values that are added to those of the documents, by the name of the chart. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What an IstioOperator that istioctl installs has in its spec besides. */
  readonly operator: unknown;
  /** Where pods reach the API server of the remote cluster, whose kubeconfig has another address for it. */
  readonly remoteServer?: string;
}

/** Istio's own filters for telemetry and protocol detection are compiled into its proxy alone. */
const withoutOwnFilters = {
  telemetry: { enabled: false },
  env: { PILOT_ENABLE_METADATA_EXCHANGE: 'false', PILOT_ENABLE_ALPN_FILTER: 'false' },
};

/**
 * Counters of TLS, which Istio leaves out by default, are the evidence of what happened. Certificates last as
 * short as Kubernetes allows and are renewed after a tenth of that, so that a test of minutes sees renewals.
 */
const evidence = {
  defaultConfig: {
    proxyMetadata: { SECRET_TTL: '600s', SECRET_GRACE_PERIOD_RATIO: '0.9' },
    proxyStatsMatcher: {
      inclusionRegexps: ['.*\\.ssl\\..*', '.*upstream_rq.*', '.*upstream_cx.*'],
    },
  },
};

/** Two cores carry everything, so nothing reserves more than it uses. */
const smallRequests = { requests: { cpu: '10m', memory: '64Mi' } };

/** On a machine that is busy with more a late answer is no reason to start again, which takes longer still. */
const patientProbe = { timeoutSeconds: 15, periodSeconds: 20, failureThreshold: 20 };

export function overlayFor(tools: NodeTools): Overlay {
  const istio = join(tools.istioSource, 'manifests', 'charts');
  return {
    charts: {
      'istio/base': join(istio, 'base'),
      'istio/istiod': join(istio, 'istio-control', 'istio-discovery'),
      'istio/gateway': join(istio, 'gateway'),
      'oci://quay.io/jetstack/charts/cert-manager': join(
        tools.certManagerSource,
        ...['deploy', 'charts', 'cert-manager'],
      ),
    },
    values: {
      'istio/istiod': {
        global: { ...istioImages, proxy: { resources: smallRequests } },
        telemetry: withoutOwnFilters.telemetry,
        env: withoutOwnFilters.env,
        meshConfig: evidence,
        resources: smallRequests,
      },
      // Its container asks for an image called auto, which would be pulled each time.
      'istio/gateway': { resources: smallRequests, imagePullPolicy: 'IfNotPresent' },
      'oci://quay.io/jetstack/charts/cert-manager': {
        image: { tag: certManagerVersion },
        webhook: { image: { tag: certManagerVersion }, livenessProbe: patientProbe },
        cainjector: { image: { tag: certManagerVersion } },
        // Its program is not among those that can be built here.
        startupapicheck: { enabled: false },
        livenessProbe: patientProbe,
      },
    },
    operator: {
      hub: istioImages.hub,
      tag: istioImages.tag,
      meshConfig: evidence,
      values: {
        ...{
          telemetry: withoutOwnFilters.telemetry,
          global: { proxy: { resources: smallRequests } },
        },
        pilot: { env: withoutOwnFilters.env, resources: smallRequests },
      },
      components: { ingressGateways: [{ name: 'istio-ingressgateway', enabled: false }] },
    },
    remoteServer: `https://${addresses.node}:${secondPorts.apiServer}`,
  };
}

/** A cluster that somebody has can pull Istio and cert-manager; it is told of the image, and of the evidence. */
export function overlayForUsersCluster(image: string): Overlay {
  const [, registry = '', repository = '', tag = ''] =
    /^(?:([^/]+[.:][^/]+)\/)?(.+):([^:/]+)$/.exec(image) ?? [];
  return {
    charts: {},
    values: {
      'charts/istio-ra': { image: { registry, repository, tag } },
      'istio/istiod': { meshConfig: evidence },
    },
    operator: { meshConfig: evidence },
  };
}

/** Writes the overlay to a file, for the commands that apply it and for the report. */
export function writeOverlay(file: string, overlay: Overlay): void {
  writeFileSync(file, `${JSON.stringify(overlay, undefined, 2)}\n`);
}
