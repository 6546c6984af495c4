import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseRaConfig } from '../../../src/config/ra-config.ts';
import type { RaConfig } from '../../../src/config/ra-config.ts';
import { serveSettings } from '../../../src/config/serve-settings.ts';
import type { Setting } from '../../../src/config/setting.ts';
import { render, repository, twoTenants } from '../support/chart.ts';
import type { Values } from '../support/chart.ts';
import { everything } from '../support/everything.ts';
import { renderedPod } from '../support/rendered-pod.ts';
import { rulesIn } from '../support/rights.ts';

const front = { ...everything, mode: 'front' };
const settings: readonly Setting<unknown>[] = Object.values(serveSettings);

async function configOf(values: Values): Promise<RaConfig> {
  return parseRaConfig((await renderedPod(values)).texts);
}

describe('the program in the pod', () => {
  it.each([
    ['beside', everything],
    ['front', front],
    ['of two tenants', twoTenants],
    ['with a certificate from a Secret', {}],
  ])('%s knows each variable and setting that it is given', async (_what, values) => {
    const { env, file } = (await renderedPod(values)).texts;
    const known = settings.flatMap(({ flag, env: variable }) => [flag, variable]);
    const given = [...Object.keys(env), ...(file?.texts.keys() ?? [])];
    const ofNodeItself = 'UV_THREADPOOL_SIZE';
    expect(given.filter((name) => !known.includes(name))).toEqual([ofNodeItself]);
    expect(file?.problems).toEqual([]);
  });

  it('takes every value as it was meant', async () => {
    expect(await configOf(everything)).toMatchObject({
      signerDomain: 'clusterissuers.cert-manager.io',
      serving: {
        kind: 'signer',
        ttlSeconds: 172_800,
        rootsFile: '/etc/istio-ra/extra-roots/ca.crt',
      },
      signerPolicyPath: '/etc/istio-ra/signer-policy/policy.yaml',
      oidcIssuersPath: '/etc/istio-ra/oidc-issuers/issuers.yaml',
      remoteClustersPath: '/etc/istio-ra/remote-clusters/clusters.yaml',
      trustedNodeAccounts: [{ namespace: 'istio-system', serviceAccount: 'ztunnel' }],
      tokenAudiences: ['istio-ca', 'other'],
      cluster: { id: 'Kubernetes', aliases: ['east'] },
      rootDistribution: { configMapName: 'istio-ca-root-cert' },
      clusterTrustBundles: true,
      istiodTlsSecret: 'istiod-tls',
      leaderElection: true,
      trustUnboundRoots: true,
      lifetime: { defaultTtlSeconds: 43_200, maxTtlSeconds: 172_800 },
      requestBudgetMs: 30_000,
      debugAddress: '127.0.0.1:9877',
      reflection: true,
      audit: { target: '/var/log/istio-ra/audit-$(POD_NAME).jsonl', fsync: true },
    });
  });

  it('stands in front of the istiod of its revision or the one that is named, and of none otherwise', async () => {
    expect((await configOf(front)).front).toMatchObject({
      upstreamHost: 'istiod-canary.istio-system.svc',
    });
    const named = { ...front, front: { upstreamHost: 'istiod.elsewhere.svc' } };
    expect((await configOf(named)).front).toMatchObject({ upstreamHost: 'istiod.elsewhere.svc' });
    expect((await configOf(everything)).front).toBeUndefined();
  });

  it.each([
    ['beside', { ...twoTenants, mode: 'beside' }, true, 'istiod-tls'],
    [
      'front',
      { ...twoTenants, mode: 'front', app: { ...twoTenants.app, revision: 'a' } },
      true,
      'istiod-tls',
    ],
    ['alone', { ...twoTenants, mode: 'alone' }, false, undefined],
    ['beside, without a signer for it', { mode: 'beside' }, true, undefined],
  ])('changes the mesh in mode %s', async (_mode, values, distributes, secret) => {
    const { rootDistribution, istiodTlsSecret } = await configOf(values);
    expect(rootDistribution !== undefined).toBe(distributes);
    expect(istiodTlsSecret).toBe(secret);
  });

  it('finds each file that it is told of under a mount, and each mount has its volume', async () => {
    const meshConfig = { configMap: 'mesh' };
    for (const values of [everything, front, { app: { meshConfig } }]) {
      const { pod, ra, texts } = await renderedPod(values);
      const mounts = ra.volumeMounts;
      const given = [...Object.values(texts.env), ...(texts.file?.texts.values() ?? [])];
      const paths = given.filter((text) => text?.startsWith('/') === true);
      const isMounted = (path = ''): boolean =>
        mounts.some(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));
      expect(paths.length).toBeGreaterThan(1);
      expect(paths.filter((path) => !isMounted(path))).toEqual([]);
      const volumes = pod.volumes.map(({ name }) => name);
      expect(volumes).toEqual(mounts.map(({ name }) => name));
    }
  });

  it.each(['', 'default', 'canary'])(
    'may use the names that it derives of revision "%s"',
    async (revision) => {
      const values = { app: { revision, meshConfig: { sharedConfigMap: 'shared' } } };
      const { leaseName, meshSource, sharedConfigMapName } = await configOf(values);
      const names = rulesIn(await render(values)).flatMap(
        ({ resourceNames }) => resourceNames ?? [],
      );
      const watched = meshSource.kind === 'found' ? meshSource.configMap.name : undefined;
      expect(names).toEqual(expect.arrayContaining([leaseName, watched, sharedConfigMapName]));
    },
  );

  it('is started as the image does it, with a heap that fits', async () => {
    const { ra } = await renderedPod({ resources: { limits: { memory: '1Gi' } } });
    const dockerfile = readFileSync(join(repository, 'Dockerfile'), 'utf8');
    const entrypoint = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
    expect(ra.command).toContain('--max-old-space-size=614');
    expect(ra.command.filter((word) => !word.includes('max-old-space'))).toEqual(entrypoint);
    expect(ra.args).toEqual(['serve']);
  });

  it('opens the ports that it listens on', async () => {
    const config = await configOf(front);
    const { secureGrpcAddress, monitoringAddress, httpAddress, front: passing } = config;
    const told = [secureGrpcAddress, monitoringAddress, httpAddress];
    const addresses = [...told, passing?.grpcAddress, passing?.webhookAddress];
    const { ra } = await renderedPod(front);
    expect(ra.ports.map(({ containerPort }) => `:${containerPort}`)).toEqual(addresses);
  });

  it('runs as nobody, without rights, on a file system that it cannot write to', async () => {
    const { pod, ra } = await renderedPod({});
    expect(pod).toMatchObject({
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 60,
      securityContext: { runAsNonRoot: true, runAsUser: 65532 },
    });
    expect(ra).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      startupProbe: { httpGet: { path: '/healthz' } },
      readinessProbe: { httpGet: { path: '/ready' } },
      livenessProbe: { httpGet: { path: '/healthz' } },
    });
  });

  it.each([
    ['a tag', { repository: 'ra', tag: 'v2' }, 'ra:v2'],
    ['a registry', { registry: 'r.example:5000', repository: 'a/ra' }, 'r.example:5000/a/ra:0.1.0'],
    ['a digest', { tag: 'v2', digest: `sha256:${'0'.repeat(64)}` }, `@sha256:${'0'.repeat(64)}`],
  ])('comes from an image by %s', async (_what, image, name) => {
    const { ra } = await renderedPod({ image });
    expect(String(ra['image'])).toContain(name);
  });
});
