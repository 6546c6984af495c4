import { describe, expect, it } from '@jest/globals';
import { describeSource } from '../../../src/authz/assignment-sources.ts';
import { limitsOf, resolveAssignment } from '../../../src/authz/signer-assignment.ts';
import type { SignerAssignment } from '../../../src/authz/signer-assignment.ts';
import { aWorld, rootNamespace, signer } from './a-world.ts';
import type { AWorld } from './a-world.ts';
import { fooRule, ofNamespace, ofRoot, ofWorkload, resolve } from './all-sources.ts';

function defaultIn({ outcome }: SignerAssignment): unknown {
  return outcome.kind === 'assigned' ? [outcome.default, describeSource(outcome.source)] : outcome;
}

describe('the strongest source assigns', () => {
  const setting = { defaultSigner: undefined };
  it.each<[string, AWorld]>([
    ['by-rule', {}],
    ['by-workload', { policy: '' }],
    ['by-namespace', { policy: '', proxyConfigs: [ofNamespace, ofRoot] }],
    ['by-root', { policy: '', proxyConfigs: [ofRoot] }],
    ['by-k8s', { policy: '', proxyConfigs: [] }],
    ['by-mesh', { policy: '', proxyConfigs: [], settings: setting }],
  ])('%s', (name, world) => {
    expect(resolve(world).outcome).toMatchObject({
      kind: 'assigned',
      signers: [signer(name)],
      default: signer(name),
    });
  });

  it('and none assigns nothing', () => {
    expect(resolveAssignment(aWorld()).outcome).toEqual({ kind: 'unassigned' });
  });

  it('unless it is switched off', () => {
    const policy = `sources: { proxyConfigWorkload: false, proxyConfigNamespace: false, rules: false }\n${fooRule}`;
    expect(defaultIn(resolve({ policy }))).toEqual([
      signer('by-root'),
      'ProxyConfig istio-system/r (root-namespace)',
    ]);
  });

  it('and with all of them off nobody has a signer', () => {
    const policy =
      'sources: { rules: false, proxyConfigWorkload: false, proxyConfigNamespace: false, proxyConfigRootNamespace: false, k8sSigner: false, meshDefault: false }';
    expect(resolve({ policy }).outcome.kind).toBe('unassigned');
  });

  it('with the first rule that matches, its default and its limits', () => {
    const policy = `
rules:
  - { name: other, match: { namespaces: [bar] }, signers: [bar] }
  - { name: mine, match: { serviceAccounts: [httpbin] }, signers: [a, b], default: b, maxTtl: 1h }
  - { name: all, match: {}, signers: [c] }
`;
    const assignment = resolve({ policy });
    expect(assignment.outcome).toMatchObject({
      signers: [signer('a'), signer('b')],
      default: signer('b'),
      source: { kind: 'rule', name: 'mine', line: 4 },
    });
    expect(limitsOf(assignment).maxTtlSeconds).toBe(3600);
  });

  it('with the version of the ProxyConfig that it is', () => {
    expect(resolve({ policy: '' }).outcome).toMatchObject({
      source: {
        kind: 'proxy-config',
        level: 'workload',
        namespace: 'foo',
        name: 'w',
        resourceVersion: '7',
      },
    });
  });

  it('from a ProxyConfig that names none, to the next weaker level', () => {
    const silent = [{ namespace: 'foo', name: 'a', names: '' }, ofNamespace, ofRoot];
    expect(defaultIn(resolve({ policy: '', proxyConfigs: silent }))).toEqual([
      signer('by-root'),
      'ProxyConfig istio-system/r (root-namespace)',
    ]);
  });

  it('from a full name as from a short one', () => {
    const full = { ...ofNamespace, names: 'issuers.cert-manager.io/foo.ca' };
    const world = { policy: '', proxyConfigs: [full], signers: ['issuers.cert-manager.io/foo.ca'] };
    expect(resolve(world).outcome).toMatchObject({ default: 'issuers.cert-manager.io/foo.ca' });
  });

  it('by the namespace alone where no pod is known, as for a machine outside', () => {
    const world = { policy: '', workload: { podLabels: undefined } };
    expect(resolve(world).outcome).toMatchObject({ default: signer('by-namespace') });
  });
});

describe('an assignment is refused, and no weaker source asked,', () => {
  const exclusive =
    'rules: [{ name: bar, match: { namespaces: [bar] }, signers: [bar], exclusive: true }]';
  const reachForBar = { namespace: 'foo', name: 'reach', names: 'bar' };

  it.each<[string, AWorld]>([
    ['a ProxyConfig', { proxyConfigs: [reachForBar] }],
    ['a ProxyConfig for some pods', { proxyConfigs: [{ ...reachForBar, selects: { app: 'x' } }] }],
    ['the root namespace', { proxyConfigs: [{ ...reachForBar, namespace: rootNamespace }] }],
    ['K8S_SIGNER', { proxyConfigs: [], settings: { defaultSigner: signer('bar') } }],
    [
      'the mesh config',
      { proxyConfigs: [], settings: { defaultSigner: undefined }, meshDefault: 'bar' },
    ],
  ])('when %s names a signer that a rule binds to others', (_, world) => {
    expect(resolve({ policy: exclusive, ...world }).outcome).toMatchObject({
      kind: 'refused',
      reason: 'signer_bound_elsewhere',
      because: `rule bar (line 1) binds ${signer('bar')} to others`,
    });
  });

  it('also when rules assign nothing: what they bind stays bound', () => {
    const policy = `sources: { rules: false }\n${exclusive}`;
    const { outcome } = resolve({ policy, proxyConfigs: [reachForBar] });
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'signer_bound_elsewhere' });
  });

  it.each([
    ['a/b', 'signer_name_malformed'],
    ['../x', 'signer_name_malformed'],
    ['BAR', 'signer_name_malformed'],
    ['kubernetes.io/kubelet-serving', 'signer_name_malformed'],
    [7, 'proxy_config_unreadable'],
    ['no-such-signer', 'signer_unknown'],
  ])('when a ProxyConfig names %j', (names, reason) => {
    const proxyConfigs = [{ namespace: 'foo', names }, ofRoot];
    expect(resolve({ policy: '', proxyConfigs }).outcome).toMatchObject({
      kind: 'refused',
      reason,
      source: { kind: 'proxy-config', namespace: 'foo', name: 'pc' },
    });
  });

  it('when the default signer of the mesh is no signer', () => {
    const settings = { defaultSigner: undefined };
    const { outcome } = resolve({ policy: '', proxyConfigs: [], settings, meshDefault: 'a/b' });
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'signer_name_malformed' });
  });

  it('when it is a short name and CERT_SIGNER_DOMAIN is not set', () => {
    const settings = { signerDomain: undefined };
    const { outcome } = resolve({ policy: '', proxyConfigs: [ofNamespace], settings });
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'signer_domain_unset' });
  });

  it('when a rule asks for labels of a namespace whose labels are not known', () => {
    const policy =
      'rules: [{ name: t, match: { namespaceLabels: { tenant: foo } }, signers: [foo] }]';
    const { outcome } = resolve({ policy, workload: { namespaceLabels: undefined } });
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'namespace_labels_unknown' });
  });

  it('when the namespace holds more ProxyConfigs than are kept', () => {
    const many = Array.from(Array(300), (_, at) => ({ namespace: 'foo', name: `pc${at}` }));
    const { outcome } = resolve({ policy: '', proxyConfigs: many });
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'proxy_config_unreadable' });
  });

  it('but nobody in another namespace is touched by any of it', () => {
    const proxyConfigs = [{ namespace: 'foo', names: 'a/b' }, ofRoot];
    const { outcome } = resolve({ policy: '', proxyConfigs, workload: { namespace: 'bar' } });
    expect(outcome).toMatchObject({ default: signer('by-root') });
  });

  it('but not for a fault of a source that is not asked', () => {
    const proxyConfigs = [{ namespace: 'foo', names: 'a/b' }];
    expect(resolve({ proxyConfigs }).outcome).toMatchObject({ default: signer('by-rule') });
  });

  it('but not for a root that an operator forgot: that is said in the open', () => {
    expect(resolve({ signers: [] }).outcome).toMatchObject({ default: signer('by-rule') });
  });
});

describe('several pods of one identity', () => {
  const forX = ofWorkload;
  const forY = { ...ofWorkload, name: 'y', names: 'by-namespace', selects: { app: 'y' } };
  const pods = (...podLabels: Readonly<Record<string, string>>[]): AWorld => ({
    policy: '',
    workload: { podLabels },
  });

  it('are refused when their labels lead to different signers', () => {
    const world = pods({ app: 'x' }, { app: 'y' });
    expect(resolve({ ...world, proxyConfigs: [forX, forY] }).outcome).toMatchObject({
      kind: 'refused',
      reason: 'ambiguous_workload_labels',
    });
  });

  it('are refused when one of them has a signer and one has none', () => {
    const settings = { defaultSigner: undefined };
    const world = { ...pods({ app: 'x' }, {}), proxyConfigs: [forX], settings, meshDefault: '' };
    expect(resolve(world).outcome).toMatchObject({ reason: 'ambiguous_workload_labels' });
  });

  it('are refused when one of them is', () => {
    const broken = { ...forY, names: 'a/b' };
    const world = pods({ app: 'x' }, { app: 'y' }, { app: 'x', more: 'z' });
    expect(resolve({ ...world, proxyConfigs: [forX, broken] }).outcome).toMatchObject({
      reason: 'signer_name_malformed',
    });
  });

  it('have what they all lead to, be it by different ProxyConfigs', () => {
    const same = { ...forY, names: 'by-workload' };
    const world = pods({ app: 'x' }, { app: 'y' }, { app: 'x' });
    expect(resolve({ ...world, proxyConfigs: [forX, same] }).outcome).toMatchObject({
      default: signer('by-workload'),
    });
  });

  it('need not agree where a stronger source decides', () => {
    const world = { ...pods({ app: 'x' }, { app: 'y' }), policy: fooRule };
    expect(resolve({ ...world, proxyConfigs: [forX, forY] }).outcome).toMatchObject({
      default: signer('by-rule'),
    });
  });

  const many = Array.from(Array(17), (_, at) => String(at));
  const forMany = many.map((app) => ({ ...ofWorkload, name: `w${app}`, selects: { app } }));
  const manyPods = { workload: { podLabels: many.map((app) => ({ app })) } };

  it('are refused when more ProxyConfigs select them than anybody needs', () => {
    const world = { ...manyPods, policy: '', proxyConfigs: forMany };
    expect(resolve(world).outcome).toMatchObject({ reason: 'ambiguous_workload_labels' });
  });

  it('may be selected by any number where a rule decides', () => {
    const world = { ...manyPods, proxyConfigs: forMany };
    expect(resolve(world).outcome).toMatchObject({ default: signer('by-rule') });
  });

  it('may be selected by any number where that source is off', () => {
    const policy = 'sources: { proxyConfigWorkload: false }';
    const world = { ...manyPods, policy, proxyConfigs: [...forMany, ofRoot] };
    expect(resolve(world).outcome).toMatchObject({ default: signer('by-root') });
  });
});
