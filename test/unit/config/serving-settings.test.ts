import { describe, expect, it } from '@jest/globals';
import { configOf, problemsOf } from './problems-of.ts';

const defaultFiles = {
  kind: 'files',
  certFile: './var/run/secrets/istiod/tls/tls.crt',
  keyFile: './var/run/secrets/istiod/tls/tls.key',
  rootsFile: undefined,
};

describe('the serving certificate', () => {
  it.each([[{}], [{ PILOT_CERT_PROVIDER: 'custom' }]])('comes from files with %j', (env) => {
    expect(configOf({ env }).serving).toEqual(defaultFiles);
  });

  it('comes from the signer that is named', () => {
    const env = { PILOT_CERT_PROVIDER: 'k8s.io/clusterissuers.cert-manager.io/system' };
    expect(configOf({ env, flags: { caCertFile: 'more.pem' } }).serving).toEqual({
      kind: 'signer',
      signerName: 'clusterissuers.cert-manager.io/system',
      ttlSeconds: 720 * 3600,
      rootsFile: 'more.pem',
    });
  });

  it('is none where somebody else ends TLS', () => {
    const env = { PILOT_CERT_PROVIDER: 'none' };
    expect(configOf({ env, flags: { grpcAddr: ':1' } }).serving).toEqual({
      kind: 'none',
      grpcAddress: ':1',
    });
  });

  it('comes from files that are named, whatever the provider', () => {
    const env = { PILOT_CERT_PROVIDER: 'k8s.io/a.b/c' };
    expect(configOf({ env, flags: { tlsCertFile: 'tls.crt' } }).serving).toEqual({
      ...defaultFiles,
      certFile: 'tls.crt',
    });
  });

  it('may have further names', () => {
    expect(configOf({ env: { ISTIOD_CUSTOM_HOST: 'a.com, b.com' } }).customHosts).toEqual([
      'a.com',
      'b.com',
    ]);
  });

  it.each([
    ['istiod', 'there is no CA in here that could sign: set k8s.io/<full signer name>'],
    ['kubernetes', 'Kubernetes has no signer for this any more: set k8s.io/<full signer name>'],
    ['vault', 'must be k8s.io/<full signer name>, custom or none'],
    ['k8s.io/foo', 'a full signer name is <domain>/<path>'],
    ['k8s.io/kubernetes.io/kubelet-serving', 'mint cluster credentials and are never used'],
  ])('does not come from %s, and it is said what to set', (provider, problem) => {
    expect(problemsOf({ env: { PILOT_CERT_PROVIDER: provider } })).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});

describe('TLS', () => {
  it('is left to the secure defaults', () => {
    expect(configOf({}).tlsPolicy).toEqual({
      minVersion: undefined,
      cipherSuites: undefined,
      compliance: undefined,
    });
  });

  it.each(['TLSv1.3', 'VersionTLS13', 'TLSV1_3', '1.3'])('can begin at %s', (version) => {
    expect(configOf({ flags: { 'tls-min-version': version } }).tlsPolicy.minVersion).toBe(
      'TLSv1.3',
    );
  });

  it.each(['TLSv1.1', 'TLSv1.0', 'SSLv3', 'TLSv1.4', '13'])('cannot begin at %s', (version) => {
    expect(problemsOf({ flags: { 'tls-min-version': version } })).toEqual([
      '--tls-min-version: must be TLSv1.2 or TLSv1.3',
    ]);
  });

  it('can be narrowed down', () => {
    const suite = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
    const flags = { 'tls-cipher-suites': suite };
    expect(configOf({ env: { COMPLIANCE_POLICY: 'pqc' }, flags }).tlsPolicy).toMatchObject({
      cipherSuites: [suite],
      compliance: 'pqc',
    });
    expect(problemsOf({ env: { COMPLIANCE_POLICY: 'fips' } })).toEqual([
      'COMPLIANCE_POLICY: must be one of fips-140-2, fips-140-3, pqc',
    ]);
  });
});
