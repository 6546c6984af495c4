import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { chart, kinds, notesFor, only, render, twoTenants } from '../support/chart.ts';
import type { Values } from '../support/chart.ts';

const front = { mode: 'front', app: { ...twoTenants.app, revision: 'upstream' } };

describe('around the pods', () => {
  it('there is nothing that was not asked for', async () => {
    expect(kinds(await render({}))).toEqual([
      'ServiceAccount',
      'ConfigMap',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'Service',
      'Deployment',
    ]);
  });

  it('a Service of our own name leads to the CA', async () => {
    expect(only(await render({}), 'Service', 'istio-ra')).toMatchObject({
      spec: { ports: [{ port: 15012, targetPort: 'grpc' }, { port: 15014 }] },
    });
  });

  it('mode front has istiod’s Service with istiod’s ports', async () => {
    const objects = await render(front);
    const ports = (name: string): unknown => only(objects, 'Service', name)['spec'];
    expect(ports('istio-ra')).toMatchObject({ ports: [{ port: 15012 }, { port: 15014 }] });
    expect(ports('istiod')).toMatchObject({
      ports: [
        { name: 'grpc-xds', port: 15010 },
        { name: 'https-dns', port: 15012 },
        { name: 'https-webhook', port: 443, targetPort: 'https-webhook' },
        { name: 'http-monitoring', port: 15014 },
      ],
    });
  });

  it('mode front leaves the Service of another release to it, and its pods join that', async () => {
    const objects = await render({ ...front, front: { service: { create: false } } });
    const joined = { app: 'istiod', istio: 'pilot' };
    const own = { 'app.kubernetes.io/name': 'istio-ra', 'app.kubernetes.io/instance': 'istio-ra' };
    expect(only(objects, 'Service')).toMatchObject({
      metadata: { name: 'istio-ra' },
      spec: { selector: own },
    });
    expect(only(objects, 'Deployment')).toMatchObject({
      spec: {
        selector: { matchLabels: own },
        template: { metadata: { labels: { ...joined, ...own } } },
      },
    });
  });

  it.each([
    ['by default none', front, undefined],
    [
      'where the Service is another release’s, its labels',
      { ...front, front: { service: { create: false, selector: { app: 'x' } } } },
      'x',
    ],
    ['in another mode none', { front: { service: { create: false } } }, undefined],
  ])('pods of mode front have of istiod’s labels %s', async (_what, values, app) => {
    const deployment = only(await render(values), 'Deployment');
    const { template } = deployment['spec'] as {
      readonly template: {
        readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      };
    };
    expect(template.metadata.labels['app']).toBe(app);
  });

  it.each([
    ['one pod may be away', {}, { maxUnavailable: 1 }],
    ['some must stay', { minAvailable: '50%' }, { minAvailable: '50%' }],
    ['none may be away', { maxUnavailable: 0 }, { maxUnavailable: 0 }],
  ])('a budget says that %s', async (_what, given, spec) => {
    const objects = await render({ podDisruptionBudget: { enabled: true, ...given } });
    const selector = { matchLabels: { 'app.kubernetes.io/name': 'istio-ra' } };
    expect(only(objects, 'PodDisruptionBudget')).toMatchObject({ spec: { ...spec, selector } });
    const fields = Object.keys(only(objects, 'PodDisruptionBudget')['spec'] as Values);
    expect(fields.sort()).toEqual([...Object.keys(spec), 'selector'].sort());
  });

  it('an autoscaler decides on the number of pods, and the Deployment then does not', async () => {
    const objects = await render({ autoscaling: { enabled: true, maxReplicas: 9 } });
    expect(only(objects, 'HorizontalPodAutoscaler')).toMatchObject({
      spec: { minReplicas: 2, maxReplicas: 9, scaleTargetRef: { name: 'istio-ra' } },
    });
    expect(only(objects, 'Deployment')['spec']).not.toHaveProperty('replicas');
  });

  it('a network policy lets in what is served and out what is needed', async () => {
    const networkPolicy = {
      enabled: true,
      metricsFrom: [{ namespaceSelector: {} }],
      egress: { enabled: true },
    };
    expect(only(await render({ ...front, networkPolicy }), 'NetworkPolicy')).toMatchObject({
      spec: {
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          { ports: [{ port: 'grpc' }, { port: 'grpc-xds' }, { port: 'https-webhook' }] },
          { ports: [{ port: 'http-monitoring' }], from: [{ namespaceSelector: {} }] },
          { ports: [{ port: 'http-health' }] },
        ],
        egress: [
          { ports: [{ port: 53 }, { port: 53 }] },
          { ports: [{ port: 443 }, { port: 6443 }] },
          { ports: [{ port: 15010 }, { port: 15012 }, { port: 15017 }] },
        ],
      },
    });
  });

  it.each([
    ['ServiceMonitor', { serviceMonitor: { enabled: true } }, 'endpoints'],
    ['PodMonitor', { podMonitor: { enabled: true } }, 'podMetricsEndpoints'],
  ])('a %s scrapes the port of the metrics', async (kind, metrics, field) => {
    const { spec } = only(await render({ metrics }), kind);
    expect(spec).toMatchObject({ [field]: [{ port: 'http-monitoring', path: '/metrics' }] });
  });

  it('a ServiceMonitor finds each pod of mode front by one Service', async () => {
    const metrics = { serviceMonitor: { enabled: true } };
    const objects = await render({ ...front, metrics });
    const { selector } = only(objects, 'ServiceMonitor')['spec'] as {
      readonly selector: {
        readonly matchLabels: Readonly<Record<string, string>>;
        readonly matchExpressions: readonly { readonly key: string; readonly operator: string }[];
      };
    };
    const [absent] = selector.matchExpressions;
    expect(absent?.operator).toBe('DoesNotExist');
    const chosen = objects.filter(({ kind, metadata: { labels = {} } }) => {
      const matches = Object.entries(selector.matchLabels).every(([key, is]) => labels[key] === is);
      return kind === 'Service' && matches && labels[absent?.key ?? ''] === undefined;
    });
    expect(chosen.map(({ metadata }) => metadata.name)).toEqual(['istio-ra']);
  });

  it('alerts and the dashboard arrive as they are stored', async () => {
    const metrics = { prometheusRule: { enabled: true }, dashboard: { enabled: true } };
    const objects = await render({ metrics });
    const stored = (file: string): unknown =>
      parse(readFileSync(join(chart, 'files', file), 'utf8'));
    expect(only(objects, 'PrometheusRule')).toMatchObject({
      spec: { groups: [{ name: 'istio-ra', rules: stored('alerts.yaml') }] },
    });
    const { data } = only(objects, 'ConfigMap', 'istio-ra-dashboard') as unknown as {
      data: Record<string, string>;
    };
    expect(JSON.parse(data['istio-ra.json'] ?? '')).toEqual(stored('dashboard.json'));
  });

  it('an admission policy holds the account to its signers', async () => {
    const objects = await render({ ...twoTenants, admissionPolicy: { enabled: true } });
    const text = JSON.stringify(only(objects, 'ValidatingAdmissionPolicy'));
    expect(text).toContain('system:serviceaccount:istio-system:istio-ra');
    expect(text).toContain('clusterissuers.cert-manager.io/foo');
    expect(kinds(objects)).toContain('ValidatingAdmissionPolicyBinding');
  });

  it('spread constraints without a selector are about our pods', async () => {
    const objects = await render({}, { overlays: ['values-ha.yaml'] });
    const { spec } = only(objects, 'Deployment') as unknown as {
      spec: { replicas: number; template: { spec: { topologySpreadConstraints: unknown[] } } };
    };
    expect(spec.replicas).toBe(3);
    const matchLabels = { 'app.kubernetes.io/name': 'istio-ra' };
    const constraint = { labelSelector: { matchLabels } };
    expect(spec.template.spec.topologySpreadConstraints).toMatchObject([constraint, constraint]);
  });
});

describe('the notes', () => {
  it.each([
    ['beside', twoTenants, 'caAddress: istio-ra.istio-system.svc:15012'],
    ['front', front, 'istiod-upstream.istio-system.svc'],
    ['alone', { mode: 'alone' }, 'changes nothing else'],
  ])('of mode %s say what to do next', async (_mode, values, told) => {
    expect(await notesFor(values)).toContain(told);
  });

  it('say how the image gets into a registry', async () => {
    const notes = await notesFor({ image: { repository: 'platform/istio-ra', tag: 'ours' } });
    expect(notes).toContain('make image\n');
    expect(notes).toContain(
      'skopeo copy --all oci:.cache/image/oci:0.1.0 docker://<registry>/platform/istio-ra:ours\n',
    );
  });

  it('warn of one replica, no signers and no registry, and of nothing where all is well', async () => {
    const warned = await notesFor({});
    expect(warned).toContain('WARNING: app.signers is empty');
    expect(warned).toContain('WARNING: there is one replica');
    expect(warned).toContain(
      'WARNING: image.registry is empty: the nodes must already have the image istio-ra:0.1.0',
    );
    const image = { registry: 'registry.example.com' };
    expect(await notesFor({ ...twoTenants, replicaCount: 3, image })).not.toContain('WARNING');
  });
});
