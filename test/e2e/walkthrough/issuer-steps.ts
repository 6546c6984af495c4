import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Step } from '../runner/suite.ts';
import { describeRight, rightsOf, type Right } from '../stack/access.ts';
import { describeRoot } from '../stack/openssl.ts';
import { account, rightsFile, type World } from './world.ts';

const signerNames = [
  ...['istio-system', 'foo', 'bar'].map((name) => `clusterissuers.cert-manager.io/${name}`),
  'issuers.cert-manager.io/foo.own',
];

/** As docs/walkthrough.md names the files of their roots. */
const rootNames = signerNames.map((name) => name.split('/')[1] ?? '');

/** Step 1: the issuers, and what istio-ra may do with them. */
export function issuerSteps(world: World): Step[] {
  return [
    {
      name: '1.1 ClusterIssuers istio-system, foo, bar and the Issuer foo/own are ready, each with its own root',
      foundation: true,
      run: async (show) => {
        for (const block of ['issuers', 'issuers-ready', 'roots']) await world.document.run(block);
        const roots = rootNames.map((name) => readFileSync(world.rootFile(name), 'utf8'));
        assert.equal(new Set(roots).size, rootNames.length, 'no two signers share a root');
        for (const name of rootNames) {
          show(`${name}: ${await describeRoot(world.rootFile(name))}`);
        }
      },
    },
    {
      name: '1.2 the account of istio-ra has the documented rights',
      foundation: true,
      run: async (show) => {
        await world.document.run('rights');
        const granted = documentedRights(readFileSync(world.path(rightsFile), 'utf8'));
        assert.deepEqual(await held(world, granted), granted);
        show(`granted: ${granted.map(describeRight).join(', ')}`);
      },
    },
    {
      name: '1.3 and none that nobody should hold',
      run: async (show) => {
        assert.deepEqual(await held(world, withheld), []);
        show(`withheld: ${withheld.map(describeRight).join(', ')}`);
      },
    },
  ];
}

const requests = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };
const signers = { group: 'certificates.k8s.io', resource: 'signers' };
const proxyConfigs = { group: 'networking.istio.io', resource: 'proxyconfigs' };
const references = { group: 'cert-manager.io', resource: 'signers', verb: 'reference' };

const withheld: readonly Right[] = [
  { verb: 'approve', ...signers, name: 'kubernetes.io/kube-apiserver-client' },
  { verb: 'approve', ...signers, name: 'clusterissuers.cert-manager.io/other' },
  { verb: 'approve', ...signers, name: 'issuers.cert-manager.io/bar.own' },
  { verb: 'sign', ...signers, name: 'clusterissuers.cert-manager.io/foo' },
  ...['update', 'patch'].map((verb) => ({ verb, ...requests })),
  { verb: 'update', ...requests, subresource: 'status' },
  { ...references, namespace: 'foo', name: 'other' },
  { ...references, namespace: 'bar', name: 'own' },
  { verb: 'get', resource: 'secrets', namespace: 'cert-manager' },
  { verb: 'update', ...proxyConfigs, namespace: 'foo' },
  { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: 'foo' },
  { verb: 'impersonate', resource: 'users' },
];

/** Every right that the rules of a manifest grant, one by one. */
function documentedRights(manifest: string): Right[] {
  return parseAllDocuments(manifest).flatMap((document) => {
    const { metadata, rules = [] } = document.toJS() as Role;
    const { namespace } = metadata;
    return rules.flatMap((rule) => expand(rule, namespace === undefined ? {} : { namespace }));
  });
}

interface Role {
  readonly metadata: { readonly namespace?: string };
  readonly rules?: readonly Rule[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

function expand(rule: Rule, where: { readonly namespace?: string }): Right[] {
  const { apiGroups, resources, verbs } = rule;
  const names = rule.resourceNames?.map((name) => ({ name })) ?? [{}];
  const whats = resources.map((path) => {
    const [resource = '', subresource] = path.split('/');
    return subresource === undefined ? { resource } : { resource, subresource };
  });
  return apiGroups.flatMap((group) =>
    whats.flatMap((what) =>
      names.flatMap((name) => verbs.map((verb) => ({ verb, group, ...what, ...name, ...where }))),
    ),
  );
}

async function held(world: World, rights: readonly Right[]): Promise<Right[]> {
  return rightsOf(world.controlPlane.kubectl, account, rights);
}
