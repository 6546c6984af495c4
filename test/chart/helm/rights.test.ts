import { describe, expect, it } from '@jest/globals';
import { kinds, render, twoTenants } from '../support/chart.ts';
import type { Values } from '../support/chart.ts';
import { everything } from '../support/everything.ts';
import { describedRules, rulesIn } from '../support/rights.ts';

const domain = 'clusterissuers.cert-manager.io';

/** The least that can be: what no value turns off. */
const bare = {
  mode: 'alone',
  app: {
    proxyConfigs: 'ignore',
    signerExplanations: false,
    meshConfig: { inline: { trustDomain: 'a.example' } },
  },
};
const bareRules = [
  'authentication.k8s.io/tokenreviews create',
  'certificates.k8s.io/certificatesigningrequests create,get,list,watch,delete,deletecollection',
];

async function rulesFor(change: Values, app: Values = {}): Promise<readonly string[]> {
  return describedRules(await render({ ...bare, ...change, app: { ...bare.app, ...app } }));
}

/** What a change of `app` adds to the least. */
async function addedBy(change: Values, app: Values = {}): Promise<readonly string[]> {
  return (await rulesFor(change, app)).filter((rule) => !bareRules.includes(rule));
}

describe('the rights', () => {
  it('are two where no feature is on', async () => {
    await expect(rulesFor({})).resolves.toEqual(bareRules);
  });

  it.each<[string, Values, Values, readonly string[]]>([
    [
      'approval, for the named signers alone',
      {},
      { signers: ['foo', 'b.example/c'] },
      [
        'certificates.k8s.io/certificatesigningrequests/approval update',
        `certificates.k8s.io/signers approve [${domain}/foo b.example/c]`,
      ],
    ],
    ['nothing where others approve', {}, { signers: ['foo'], approval: 'external' }, []],
    [
      'ProxyConfigs',
      {},
      { proxyConfigs: 'watch' },
      ['networking.istio.io/proxyconfigs list,watch', 'pods get'],
    ],
    ['node agents', {}, { trustedNodeAccounts: ['istio-system/ztunnel'] }, ['pods list,watch']],
    [
      'a signer policy, with its signers',
      {},
      { signerPolicy: { rules: [{ name: 'a', match: {}, signers: ['foo'], default: 'foo' }] } },
      [
        'certificates.k8s.io/certificatesigningrequests/approval update',
        `certificates.k8s.io/signers approve [${domain}/foo]`,
        'namespaces list,watch',
      ],
    ],
    [
      'a namespaced Issuer',
      {},
      { signers: [{ name: 'own', namespace: 'foo' }], approval: 'external' },
      ['foo: cert-manager.io/signers reference [own]'],
    ],
    [
      'the mesh config of the API',
      {},
      { meshConfig: { inline: null, sharedConfigMap: 'shared' }, revision: 'canary' },
      ['istio-system: configmaps list,watch [istio-canary shared]'],
    ],
    [
      'roots in every namespace',
      {},
      { rootDistribution: { enabled: true, configMapName: 'roots' } },
      [
        'namespaces list,watch',
        'configmaps list,watch,create,patch,delete [roots]',
        'istio-system: coordination.k8s.io/leases create',
        'istio-system: coordination.k8s.io/leases get,update [istio-ra-leader]',
      ],
    ],
    [
      'roots without an election',
      {},
      { rootDistribution: { enabled: true }, leaderElection: { enabled: false } },
      ['namespaces list,watch', 'configmaps list,watch,create,patch,delete [istio-ca-root-cert]'],
    ],
    [
      'trust bundles',
      {},
      {
        clusterTrustBundles: { enabled: true },
        leaderElection: { enabled: false },
        ...{ signers: ['foo'], approval: 'external' },
      },
      [
        'certificates.k8s.io/clustertrustbundles list,watch',
        `certificates.k8s.io/clustertrustbundles create,patch,delete [${domain}:foo:istio-ra]`,
        `certificates.k8s.io/signers attest [${domain}/foo]`,
      ],
    ],
    [
      'the certificate of an istiod beside',
      { mode: 'beside' },
      {
        ...{ istiodTls: { enabled: true }, servingCertificate: { signer: 'foo' } },
        ...{ approval: 'external', rootDistribution: { enabled: false } },
        leaderElection: { enabled: false },
      },
      ['istio-system: secrets get,create,patch [istiod-tls]', 'istio-system: services list,watch'],
    ],
    [
      'remote clusters',
      {},
      { remoteClusters: [{ id: 'west', namespaces: ['foo'], signers: ['foo'] }] },
      ['istio-system: secrets list,watch'],
    ],
    [
      'explanations of a silent signer',
      {},
      {
        ...{ signers: ['foo', { name: 'own', namespace: 'bar' }], approval: 'external' },
        signerExplanations: true,
      },
      [
        'cert-manager.io/clusterissuers get [foo]',
        'default: events list',
        'bar: cert-manager.io/signers reference [own]',
        'bar: cert-manager.io/issuers get [own]',
      ],
    ],
  ])('come with %s', async (_feature, change, app, rules) => {
    await expect(addedBy(change, app)).resolves.toEqual(rules);
  });

  it('never hold a wildcard, a status, nor a signer without its name', async () => {
    for (const { apiGroups, resources, verbs, resourceNames } of rulesIn(
      await render(everything),
    )) {
      const words = [...apiGroups, ...resources, ...verbs, ...(resourceNames ?? [])].join(' ');
      expect(words).not.toContain('*');
      expect(words).not.toContain('/status');
      expect(resources.includes('signers') && resourceNames === undefined).toBe(false);
    }
  });

  it('are bound to the account, role by role', async () => {
    const objects = await render(everything);
    const roles = objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
    for (const { kind, metadata } of roles) {
      const binding = objects.find(
        (object) =>
          object.kind === `${kind}Binding` &&
          object.metadata.name === metadata.name &&
          object.metadata.namespace === metadata.namespace,
      );
      expect(binding).toMatchObject({
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name },
        subjects: [{ kind: 'ServiceAccount', name: 'istio-ra', namespace: 'istio-system' }],
      });
    }
    expect(roles).not.toHaveLength(0);
  });

  it('are somebody else’s matter with rbac.create off', async () => {
    const made = kinds(await render({ ...everything, rbac: { create: false } }));
    expect(made.filter((kind) => kind.includes('Role'))).toEqual([]);
  });

  it('stand for each signer once, however often it is named', async () => {
    const app = { ...twoTenants.app, signers: ['foo', `${domain}/foo`, { name: 'foo' }] };
    expect(describedRules(await render({ app }))).toContain(
      `certificates.k8s.io/signers approve [${domain}/foo ${domain}/istio-system]`,
    );
  });
});
