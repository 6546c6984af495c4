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

  it('is frozen', () => {
    expect(Object.isFrozen(parseRaConfig({ env: enough, flags: {} }))).toBe(true);
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
      'CSR_APPROVAL: must be one of self, external',
      '--secureGRPCAddr: "nonsense" is not an address like 127.0.0.1:15012 or :15012',
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
});
