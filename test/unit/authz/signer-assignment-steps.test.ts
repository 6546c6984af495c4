import { describe, expect, it } from '@jest/globals';
import { describeSource } from '../../../src/authz/assignment-sources.ts';
import type { SignerAssignment } from '../../../src/authz/signer-assignment.ts';
import { signer } from './a-world.ts';
import type { AProxyConfig } from './a-world.ts';
import { ofNamespace, ofRoot, ofWorkload, resolve } from './all-sources.ts';

function trailOf({ steps }: SignerAssignment): readonly string[] {
  return steps().map(({ from, source, signers: names, verdict, because }) => {
    const what = source === undefined ? from : describeSource(source);
    const said = names.map((name) => name.split('/')[1]).join(' ');
    return `${what} ${said === '' ? '' : `says ${said} `}- ${verdict}: ${because}`;
  });
}

describe('what weaker sources name', () => {
  const namesIn = ({ weaker }: SignerAssignment): readonly string[] =>
    weaker.map(({ signer: name }) => name.split('/')[1] ?? '');

  it('is kept, strongest first', () => {
    expect(namesIn(resolve({}))).toEqual([
      'by-workload',
      'by-namespace',
      'by-root',
      'by-k8s',
      'by-mesh',
    ]);
  });

  it('is kept of a source that is off, as pods may still carry it', () => {
    const policy = 'sources: { proxyConfigWorkload: false, k8sSigner: false }';
    expect(namesIn(resolve({ policy }))).toEqual(['by-workload', 'by-root', 'by-k8s', 'by-mesh']);
  });

  it('is kept of a younger ProxyConfig of the same level', () => {
    const younger = { ...ofNamespace, name: 'z', names: 'bar' };
    const world = { policy: '', proxyConfigs: [ofNamespace, younger] };
    expect(namesIn(resolve(world))).toEqual(['bar', 'by-k8s', 'by-mesh']);
  });

  it('is not kept of ProxyConfigs for other pods or other namespaces', () => {
    const others: AProxyConfig[] = [
      { ...ofWorkload, selects: { app: 'y' } },
      { namespace: 'bar', names: 'bar' },
    ];
    expect(namesIn(resolve({ proxyConfigs: others }))).toEqual(['by-k8s', 'by-mesh']);
  });

  it('is not kept where nobody could say what it means', () => {
    const proxyConfigs = [{ ...ofNamespace, names: 'a/b' }];
    expect(namesIn(resolve({ proxyConfigs }))).toEqual(['by-k8s', 'by-mesh']);
  });
});

describe('the trail', () => {
  it('tells what every source said and why it won or lost', () => {
    const policy = `
sources: { proxyConfigRootNamespace: false }
rules:
  - { name: bar, match: { namespaces: [bar] }, signers: [bar], exclusive: true }
`;
    const younger = { ...ofNamespace, name: 'z', names: 'bar' };
    const proxyConfigs = [{ ...ofWorkload, selects: { app: 'y' } }, ofNamespace, younger, ofRoot];
    const settings = { defaultSigner: undefined };
    expect(trailOf(resolve({ policy, proxyConfigs, settings }))).toEqual([
      'rule bar (line 4) - void: it is not for namespace foo',
      'proxyConfigWorkload - void: no ProxyConfig of this level is for the caller',
      'ProxyConfig foo/w (workload) - lost: the pod has no label app=y',
      'ProxyConfig foo/n (namespace) says by-namespace - won: it is the strongest that speaks',
      'ProxyConfig foo/z (namespace) says bar - lost: n is older',
      'ProxyConfig istio-system/r (root-namespace) says by-root - off: the policy switches proxyConfigRootNamespace off',
      'k8sSigner - void: it is not set',
      'meshConfig.defaultConfig says by-mesh - lost: ProxyConfig foo/n (namespace) is stronger',
    ]);
  });

  it('tells which source was refused and why', () => {
    const policy =
      'rules: [{ name: bar, match: { namespaces: [bar] }, signers: [bar], exclusive: true }]';
    const proxyConfigs = [{ namespace: 'foo', names: 'bar' }];
    expect(trailOf(resolve({ policy, proxyConfigs }))).toContain(
      `ProxyConfig foo/pc (namespace) says bar - refused: rule bar (line 1) binds ${signer('bar')} to others`,
    );
  });

  it('tells that later rules were not asked', () => {
    const policy = `
rules:
  - { name: foo, match: { namespaces: [foo] }, signers: [foo] }
  - { name: all, match: {}, signers: [bar] }
`;
    expect(trailOf(resolve({ policy })).slice(0, 2)).toEqual([
      'rule foo (line 3) says foo - won: it is the strongest that speaks',
      'rule all (line 4) - void: rule foo comes first',
    ]);
  });

  it('tells of a source that cannot be understood though it has no name to give', () => {
    const many = Array.from(Array(300), (_, at) => ({ namespace: 'foo', name: `pc${at}` }));
    const trail = trailOf(resolve({ policy: '', proxyConfigs: many }));
    expect(trail).toContain(
      'proxyConfigWorkload - refused: the namespace has more ProxyConfigs than are kept',
    );
    expect(trail.at(-1)).toBe(
      'meshConfig.defaultConfig says by-mesh - lost: a stronger one cannot be understood',
    );
  });
});
