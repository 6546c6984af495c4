import { describe, expect, it } from '@jest/globals';
import { parseRaConfig } from '../../../src/config/ra-config.ts';
import { serveSettings } from '../../../src/config/serve-settings.ts';
import { ConfigError, SettingReader } from '../../../src/config/setting.ts';

const enough = { CERT_SIGNER_DOMAIN: 'clusterissuers.cert-manager.io' };

function problemsOf(env: Record<string, string>, flags: Record<string, string> = {}): string[] {
  try {
    parseRaConfig({ env, flags });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('parseRaConfig', () => {
  it("has istiod's defaults", () => {
    const config = parseRaConfig({ env: enough, flags: {} });
    expect(config).toMatchObject({
      secureGrpcAddress: ':15012',
      tokenAudiences: ['istio-ca'],
      cluster: { id: 'Kubernetes' },
      podNamespace: 'istio-system',
      approval: 'self',
      lifetime: { defaultTtlSeconds: 86_400, maxTtlSeconds: 7_776_000 },
      requestBudgetMs: 60_000,
      reflection: false,
    });
  });

  it('is frozen, down to the last part', () => {
    const CA_TRUSTED_NODE_ACCOUNTS = 'istio-system/ztunnel';
    const config = parseRaConfig({ env: { ...enough, CA_TRUSTED_NODE_ACCOUNTS }, flags: {} });
    const parts = [config, config.cluster, config.cluster.aliases, config.trustedNodeAccounts[0]];
    expect(parts.map((part) => Object.isFrozen(part))).toEqual([true, true, true, true]);
  });

  it('prefers a flag to the variable', () => {
    const tlsCertFile = { ...serveSettings.tlsCertFile, env: 'TLS_CERT_FILE' };
    const env = { TLS_CERT_FILE: '/from/env' };
    const typed = new SettingReader({ env, flags: { tlsCertFile: '/typed' } });
    expect(typed.read(tlsCertFile)).toBe('/typed');
    expect(new SettingReader({ env, flags: {} }).read(tlsCertFile)).toBe('/from/env');
  });

  it('takes the pod from what Kubernetes sets', () => {
    const env = { ...enough, KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    expect(parseRaConfig({ env, flags: {} }).kubernetes.pod).toEqual({
      host: '10.0.0.1',
      port: '443',
    });
    expect(parseRaConfig({ env: enough, flags: {} }).kubernetes.pod).toBeUndefined();
  });

  it('takes an empty variable as not set', () => {
    const config = parseRaConfig({
      env: { ...enough, TOKEN_AUDIENCES: '', K8S_SIGNER: '' },
      flags: {},
    });
    expect(config.tokenAudiences).toEqual(['istio-ca']);
    expect(config.defaultSigner).toBeUndefined();
  });

  it.each([
    ['on', true],
    ['off', false],
    // What Helm makes of an `on` and an `off` without quotes.
    ['true', true],
    ['false', false],
  ])('takes RATE_LIMITS=%s', (value, rateLimits) => {
    expect(parseRaConfig({ env: { ...enough, RATE_LIMITS: value }, flags: {} }).load).toMatchObject(
      { rateLimits },
    );
  });

  it('gives external approval a longer budget', () => {
    const config = parseRaConfig({ env: { ...enough, CSR_APPROVAL: 'external' }, flags: {} });
    expect(config.requestBudgetMs).toBe(300_000);
  });

  it('names every problem at once with its source', () => {
    const env = {
      CERT_SIGNER_DOMAIN: 'nodots',
      K8S_SIGNER: 'kubernetes.io/kube-apiserver-client',
      MAX_WORKLOAD_CERT_TTL: '60s',
      CSR_APPROVAL: 'maybe',
    };
    expect(problemsOf(env, { secureGRPCAddr: 'nonsense' })).toEqual([
      '--secureGRPCAddr: "nonsense" is not an address like 127.0.0.1:15012 or :15012',
      'CSR_APPROVAL: must be one of self, external',
      'CERT_SIGNER_DOMAIN: a signer domain is DNS labels joined by dots, with one dot at least',
      'K8S_SIGNER: signers of kubernetes.io mint cluster credentials and are never used',
      'MAX_WORKLOAD_CERT_TTL: must be at least 10m, the least that Kubernetes takes',
    ]);
  });

  it('wants to know at least one way to name a signer', () => {
    expect(problemsOf({})).toEqual([
      'CERT_SIGNER_DOMAIN: set it, or K8S_SIGNER: without either no request can name a signer',
    ]);
  });

  it('refuses a default validity over the maximum', () => {
    const env = { ...enough, DEFAULT_WORKLOAD_CERT_TTL: '48h', MAX_WORKLOAD_CERT_TTL: '24h' };
    expect(problemsOf(env)).toEqual([
      'DEFAULT_WORKLOAD_CERT_TTL: is longer than MAX_WORKLOAD_CERT_TTL',
    ]);
  });

  it('makes a label value of a long pod name', () => {
    const podName = `istio-ra-${'x'.repeat(80)}-abcde`;
    const { replica } = parseRaConfig({ env: { ...enough, POD_NAME: podName }, flags: {} });
    expect(replica).toHaveLength(63);
    expect(replica.endsWith('-abcde')).toBe(true);
  });

  it('is for the control plane without a name unless a revision is named', () => {
    const configOf = (REVISION: string): unknown => {
      const config = parseRaConfig({ env: { ...enough, REVISION }, flags: {} });
      return [config.revision, config.leaseName, config.meshSource];
    };
    const path = './etc/istio/config/mesh';
    const mesh = (name: string): unknown => {
      return { kind: 'found', path, configMap: { namespace: 'istio-system', name } };
    };
    expect(configOf('')).toEqual(['', 'istio-ra-leader', mesh('istio')]);
    expect(configOf('default')).toEqual(['', 'istio-ra-leader', mesh('istio')]);
    expect(configOf('canary')).toEqual(['canary', 'istio-ra-leader-canary', mesh('istio-canary')]);
  });

  it('takes the mesh config from the file that it was told and no other', () => {
    const { meshSource } = parseRaConfig({ env: enough, flags: { meshConfig: 'mesh.yaml' } });
    expect(meshSource).toEqual({ kind: 'file', path: 'mesh.yaml' });
  });

  it('writes nothing for others unless it is asked to', () => {
    expect(parseRaConfig({ env: enough, flags: {} })).toMatchObject({
      rootDistribution: undefined,
      clusterTrustBundles: false,
      istiodTlsSecret: undefined,
      trustUnboundRoots: false,
      front: undefined,
    });
  });

  it('writes for others what it is asked to', () => {
    const env = {
      ...enough,
      DISTRIBUTE_ROOTS: 'true',
      PILOT_CA_CERT_CONFIGMAP: 'roots',
      ENABLE_CLUSTER_TRUST_BUNDLE_API: 'true',
      ISTIOD_TLS_SECRET: 'istiod-tls',
      ENABLE_LEADER_ELECTION: 'false',
    };
    expect(parseRaConfig({ env, flags: {} })).toMatchObject({
      rootDistribution: { configMapName: 'roots' },
      clusterTrustBundles: true,
      istiodTlsSecret: 'istiod-tls',
      leaderElection: false,
    });
  });

  it('stands in front of an istiod that is named', () => {
    const env = { ...enough, ISTIOD_UPSTREAM: 'istiod-real.istio-system.svc' };
    expect(parseRaConfig({ env, flags: { httpsAddr: ':1' } }).front).toEqual({
      upstreamHost: 'istiod-real.istio-system.svc',
      upstreamRootsFile: undefined,
      upstreamServerName: undefined,
      upstreamWebhookPort: 443,
      grpcAddress: ':15010',
      webhookAddress: ':1',
    });
  });

  it.each([
    [{ ISTIOD_UPSTREAM: 'https://x' }, 'ISTIOD_UPSTREAM: must be a host name in lower case'],
    [{ ISTIOD_UPSTREAM: 'x:15012' }, 'ISTIOD_UPSTREAM: must be a host name in lower case'],
    [
      { ISTIOD_UPSTREAM: 'x', ISTIOD_UPSTREAM_WEBHOOK_PORT: '65536' },
      'ISTIOD_UPSTREAM_WEBHOOK_PORT: must be a port',
    ],
    [{ ISTIOD_UPSTREAM_WEBHOOK_PORT: '443' }, 'ISTIOD_UPSTREAM_WEBHOOK_PORT: is of no use without'],
    [{ ISTIOD_UPSTREAM_ROOTS: 'x.pem' }, 'ISTIOD_UPSTREAM_ROOTS: is of no use without'],
    [
      { ISTIOD_UPSTREAM: 'x', PILOT_CERT_PROVIDER: 'none' },
      'ISTIOD_UPSTREAM: cannot stand in front of an istiod without TLS',
    ],
    [{ REVISION: 'a.b' }, 'REVISION: must be lower-case letters'],
    [{ SHARED_MESH_CONFIG: 'A b' }, 'SHARED_MESH_CONFIG: must be the name of a Kubernetes object'],
    [{ DISTRIBUTE_ROOTS: 'yes' }, 'DISTRIBUTE_ROOTS: must be one of true, false'],
  ])('refuses %j', (env, problem) => {
    expect(problemsOf({ ...enough, ...env })).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['0.0.0.0:9876', ':9876', '10.0.0.1:9876', 'example.com:9876'])(
    'lets nobody but who is on the machine look into it: not %s',
    (debugAddr) => {
      expect(problemsOf(enough, { debugAddr })).toEqual([
        '--debugAddr: must be an address of this machine alone, such as 127.0.0.1:9876',
      ]);
    },
  );
});
