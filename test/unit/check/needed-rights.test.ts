import { describe, expect, it } from '@jest/globals';
import { describeRight, neededRights } from '../../../src/check/needed-rights.ts';
import { parseRaConfig } from '../../../src/config/ra-config.ts';

const foo = 'clusterissuers.cert-manager.io/foo';

function rights(
  env: Readonly<Record<string, string>> = {},
  signers: readonly string[] = [foo],
  isMeshInConfigMap = false,
): readonly string[] {
  const config = parseRaConfig({ flags: {}, env: { K8S_SIGNER: foo, ...env } });
  return neededRights({ config, signers, isMeshInConfigMap }).map(({ question }) =>
    describeRight(question),
  );
}

describe('neededRights', () => {
  it('asks for what every request needs', () => {
    expect(rights()).toEqual(
      expect.arrayContaining([
        'create tokenreviews.authentication.k8s.io',
        'watch certificatesigningrequests.certificates.k8s.io',
        'update certificatesigningrequests/approval.certificates.k8s.io',
        `approve signers.certificates.k8s.io ${foo}`,
      ]),
    );
  });

  it('needs no approval where others approve', () => {
    expect(rights({ CSR_APPROVAL: 'external' }).join()).not.toContain('appro');
  });

  it.each([
    ['PROXY_CONFIGS', 'ignore', 'watch proxyconfigs.networking.istio.io', false],
    ['PROXY_CONFIGS', 'watch', 'watch proxyconfigs.networking.istio.io', true],
    ['CA_TRUSTED_NODE_ACCOUNTS', 'istio-system/ztunnel', 'watch pods', true],
    ['CA_TRUSTED_NODE_ACCOUNTS', '', 'watch pods', false],
    ['SIGNER_POLICY', 'policy.yaml', 'watch namespaces', true],
    ['DISTRIBUTE_ROOTS', 'true', 'patch configmaps istio-ca-root-cert', true],
    ['DISTRIBUTE_ROOTS', 'false', 'patch configmaps istio-ca-root-cert', false],
    ['ISTIOD_TLS_SECRET', 'istiod-tls', 'patch secrets istiod-tls in istio-system', true],
    ['CLUSTER_TRUST_BUNDLES', 'true', `attest signers.certificates.k8s.io ${foo}`, true],
    ['REMOTE_CLUSTERS', 'remote.yaml', 'list secrets in istio-system', true],
    [
      'DISTRIBUTE_ROOTS',
      'true',
      'update leases.coordination.k8s.io istio-ra-leader in istio-system',
      true,
    ],
  ])('with %s=%s asks for "%s": %s', (name, value, right, isNeeded) => {
    expect(rights(value === '' ? {} : { [name]: value }).includes(right)).toBe(isNeeded);
  });

  it('asks for the mesh config where it is a ConfigMap', () => {
    const right = 'watch configmaps istio in istio-system';
    expect(rights({}, [foo], true)).toContain(right);
    expect(rights()).not.toContain(right);
  });

  it('asks for the reference that cert-manager demands of a namespaced Issuer', () => {
    expect(rights({}, ['issuers.cert-manager.io/tenant.ca'])).toContain(
      'reference signers.cert-manager.io ca in tenant',
    );
  });
});
