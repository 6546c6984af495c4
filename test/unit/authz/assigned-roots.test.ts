import { describe, expect, it } from '@jest/globals';
import { SignerRoots } from '../../../src/authz/assigned-roots.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import { TestAuthority } from '../../support/test-authority.ts';
import { aWorld, signer } from './a-world.ts';
import type { AWorld } from './a-world.ts';

const names = ['istio-system', 'foo', 'bar'] as const;
const now = Date.UTC(2026, 0, 1);
const authorities = await Promise.all(names.map((name) => TestAuthority.make(name, now)));
const caCertificates = authorities.map(({ certificatePem }, at) => ({
  pem: certificatePem,
  certSigners: [signer(names[at] ?? '')],
}));
const proxyMetadata = { ISTIO_META_CERT_SIGNER: 'istio-system' };
const mesh = loadMeshSnapshot(
  JSON.stringify({ caCertificates, defaultConfig: { proxyMetadata } }),
  1,
);

/** Whose roots may prove httpbin of foo, and whose must not be passed, by the signers' short names. */
async function rootsIn(world: AWorld): Promise<{ roots: string[]; foreign: string[] }> {
  const { workload, ...rest } = aWorld(world);
  const namespaceLabels = (namespace: string, cluster: string): Record<string, string> =>
    namespace === 'foo' && cluster === 'Kubernetes' ? { tenant: 'foo' } : {};
  const inputSource = { current: () => ({ ...rest, mesh, namespaceLabels }) };
  const found = await new SignerRoots({ inputSource, cluster: 'Kubernetes' }).rootsFor(
    workload.identity,
  );
  return { roots: found.roots.map(nameOf), foreign: found.foreign.map(nameOf) };
}

function nameOf({ sha256 }: Certificate): string {
  const name = names.find((short) =>
    mesh.trust.anchorsOf(signer(short)).some((root) => root.sha256 === sha256),
  );
  return name ?? 'a stranger';
}

describe('SignerRoots', () => {
  it('are those of the signer that the ProxyConfig of the namespace names', async () => {
    await expect(rootsIn({ proxyConfigs: [{ namespace: 'foo', names: 'foo' }] })).resolves.toEqual({
      roots: ['foo'],
      foreign: ['istio-system', 'bar'],
    });
  });

  it("are those of the mesh's default where nothing stronger speaks", async () => {
    await expect(rootsIn({})).resolves.toMatchObject({ roots: ['istio-system'] });
  });

  it('are those of all signers that a rule for the labels of the namespace lists', async () => {
    const policy =
      'rules: [{ name: r, match: { namespaceLabels: { tenant: foo } }, signers: [foo, bar] }]';

    await expect(rootsIn({ policy })).resolves.toEqual({
      roots: ['foo', 'bar'],
      foreign: ['istio-system'],
    });
  });

  it('do not hang on ProxyConfigs that select pods, since no pod is known', async () => {
    const selective = { namespace: 'foo', names: 'bar', selects: { app: 'httpbin' } };

    await expect(rootsIn({ proxyConfigs: [selective] })).resolves.toMatchObject({
      roots: ['istio-system'],
    });
  });

  it('are none where the configuration must not be followed', async () => {
    const unknown = { namespace: 'foo', names: 'nobody' };

    await expect(rootsIn({ proxyConfigs: [unknown] })).resolves.toEqual({
      roots: [],
      foreign: ['istio-system', 'foo', 'bar'],
    });
  });
});
