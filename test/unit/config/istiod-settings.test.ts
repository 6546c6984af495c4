import { describe, expect, it } from '@jest/globals';
import { configOf, problemsOf } from './problems-of.ts';

describe('settings of istiod', () => {
  it.each([
    [{ EXTERNAL_CA: 'ISTIOD_RA_KUBERNETES_API' }],
    [{ EXTERNAL_CA: '' }],
    [{ ENABLE_CA_SERVER: 'true' }],
    [{ USE_REMOTE_CERTS: 'false' }],
  ])('may say what is so anyway: %j', (env) => {
    expect(configOf({ env }).withoutEffect).toEqual([]);
  });

  it.each<[Record<string, string>, string]>([
    [{ EXTERNAL_CA: 'ISTIOD_RA_ISTIO_API' }, 'must be ISTIOD_RA_KUBERNETES_API, or absent'],
    [{ ENABLE_CA_SERVER: 'false' }, 'leave it out here, and set it for istiod'],
    [{ ROOT_CA_DIR: './etc/cacerts' }, 'caCertificates their roots'],
    [{ USE_REMOTE_CERTS: 'true' }, 'caCertificates their roots'],
    [{ TRUSTED_GATEWAY_CIDR: '10.0.0.0/8' }, 'set CLIENT_CERT_IDENTITIES'],
    [{ JWT_RULE: '{}' }, 'set OIDC_ISSUERS'],
    [{ TOKEN_ISSUER: 'https://x' }, 'set OIDC_ISSUERS'],
    [{ AUDIENCE: 'x' }, 'set OIDC_ISSUERS'],
  ])('are refused with what to do instead: %j', (env, instead) => {
    const [name = ''] = Object.keys(env);
    const [problem, ...more] = problemsOf({ env });
    expect(problem).toMatch(new RegExp(`^${name}: `));
    expect(problem).toContain(instead);
    expect(more).toEqual([]);
  });

  it('are refused as flags too', () => {
    expect(problemsOf({ flags: { clusterRegistriesNamespace: 'x' } })).toEqual([
      '--clusterRegistriesNamespace: cannot be done here; Secrets of remote clusters are read ' +
        'where this runs: put them there',
    ]);
  });

  it('are told apart where they do not concern a CA', () => {
    const env = {
      PILOT_TRACE_SAMPLING: '1',
      PILOT_ENABLE_STATUS: 'true',
      ENABLE_NATIVE_SIDECARS: 'true',
      EXTERNAL_ISTIOD: 'false',
      PLATFORM: '',
      PATH: '/bin',
      HOME: '/',
      POD_NAME: 'x',
    };
    const flags = { domain: 'cluster.local', keepaliveMaxServerConnectionAge: '30m' };
    expect(configOf({ env, flags }).withoutEffect).toEqual([
      'ENABLE_NATIVE_SIDECARS',
      'EXTERNAL_ISTIOD',
      'PILOT_ENABLE_STATUS',
      'PILOT_TRACE_SAMPLING',
      'domain',
      'keepaliveMaxServerConnectionAge',
    ]);
  });

  it("are not what Kubernetes tells a pod of Istio's Services", () => {
    const env = {
      ISTIOD_SERVICE_HOST: '10.0.0.1',
      ISTIOD_SERVICE_PORT: '15010',
      ISTIOD_SERVICE_PORT_GRPC_XDS: '15010',
      ISTIOD_PORT: 'tcp://10.0.0.1:15010',
      ISTIO_RA_PORT_15012_TCP: 'tcp://10.0.0.1:15012',
      ISTIO_RA_PORT_15012_TCP_ADDR: '10.0.0.1',
    };
    expect(configOf({ env }).withoutEffect).toEqual([]);
  });
});
