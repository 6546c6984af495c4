import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { describeSource } from '../../../src/authz/assignment-sources.ts';
import { decideSigner } from '../../../src/authz/granted-signer.ts';
import type { SignerDecision } from '../../../src/authz/granted-signer.ts';
import { resolveAssignment } from '../../../src/authz/signer-assignment.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { aWorld, rootNamespace, signer } from './a-world.ts';
import type { AWorld } from './a-world.ts';

const barIsBound =
  'rules: [{ name: bar, match: { namespaces: [bar] }, signers: [bar], exclusive: true }]';
const fooHasFoo = { namespace: 'foo', names: 'foo' };

function decide(world: AWorld, wish?: string): SignerDecision {
  return decideSigner(resolveAssignment(aWorld(world)), wish);
}

function refusal(world: AWorld, wish?: string): readonly string[] {
  const error = thrownBy(() => decide(world, wish));
  return error instanceof RaError ? [error.code, error.reason] : [`not an RaError`];
}

describe('a caller without a wish', () => {
  it.each([undefined, ''])('(%j) gets the assigned default', (wish) => {
    const decision = decide({ proxyConfigs: [fooHasFoo] }, wish);
    expect([decision.signer, describeSource(decision.source), decision.servedInsteadOf]).toEqual([
      signer('foo'),
      'ProxyConfig foo/pc (namespace)',
      undefined,
    ]);
  });

  it('gets nothing where nothing is assigned', () => {
    expect(refusal({})).toEqual(['SIGNER_NOT_ASSIGNED', 'no_default_signer']);
  });
});

describe('a caller who wishes for', () => {
  const rule =
    'rules: [{ name: foo, match: {}, signers: [foo, issuers.cert-manager.io/foo.gateway] }]';

  it.each([
    ['its default by its short name', 'foo', signer('foo')],
    ['its default by its full name', signer('foo'), signer('foo')],
    [
      'another that it was assigned',
      'issuers.cert-manager.io/foo.gateway',
      'issuers.cert-manager.io/foo.gateway',
    ],
  ])('%s gets it', (_, wish, granted) => {
    expect(decide({ policy: rule }, wish)).toMatchObject({
      signer: granted,
      source: { kind: 'rule', name: 'foo' },
      servedInsteadOf: undefined,
    });
  });

  it('what a weaker source still names gets the assigned default, and it shows', () => {
    const world = { proxyConfigs: [fooHasFoo], meshDefault: 'istio-system' };
    expect(decide(world, 'istio-system')).toMatchObject({
      signer: signer('foo'),
      source: { kind: 'proxy-config', level: 'namespace' },
      servedInsteadOf: signer('istio-system'),
    });
  });

  it('what a weaker source names is served though it is bound to others', () => {
    const proxyConfigs = [fooHasFoo, { namespace: rootNamespace, names: 'bar' }];
    expect(decide({ policy: barIsBound, proxyConfigs }, 'bar')).toMatchObject({
      signer: signer('foo'),
      servedInsteadOf: signer('bar'),
    });
  });

  it.each([
    ['bar', 'signer_not_assigned'],
    ['no-such-signer', 'signer_unknown'],
    ['other.io/foo', 'signer_unknown'],
    ['a/b', 'signer_name_malformed'],
    ['../x', 'signer_name_malformed'],
    ['foo ', 'signer_name_malformed'],
    ['FOO', 'signer_name_malformed'],
    ['x'.repeat(600), 'signer_name_malformed'],
    ['kubernetes.io/kubelet-serving', 'signer_name_malformed'],
  ])('%j gets nothing, whatever is assigned', (wish, reason) => {
    expect(refusal({ proxyConfigs: [fooHasFoo] }, wish)).toEqual(['SIGNER_REFUSED', reason]);
  });

  it('a signer that is bound to others gets nothing', () => {
    const world = { policy: barIsBound, proxyConfigs: [fooHasFoo] };
    expect(refusal(world, 'bar')).toEqual(['SIGNER_REFUSED', 'signer_bound_elsewhere']);
  });

  it('anything gets nothing where nothing is assigned', () => {
    expect(refusal({}, 'foo')).toEqual(['SIGNER_REFUSED', 'signer_not_assigned']);
  });

  it('what a source names that is switched off gets nothing where nothing is assigned', () => {
    const policy = 'sources: { proxyConfigNamespace: false }';
    expect(refusal({ policy, proxyConfigs: [fooHasFoo] }, 'foo')).toEqual([
      'SIGNER_REFUSED',
      'signer_not_assigned',
    ]);
  });

  it('a short name gets nothing where CERT_SIGNER_DOMAIN is not set', () => {
    const settings = { signerDomain: undefined, defaultSigner: signer('foo') };
    expect(refusal({ settings }, 'foo')).toEqual(['SIGNER_REFUSED', 'signer_domain_unset']);
  });

  it('anything at all gets nothing where the assignment is refused', () => {
    const world = {
      policy: barIsBound,
      proxyConfigs: [{ namespace: 'foo', names: 'bar' }],
      meshDefault: 'istio-system',
    };
    const wishes = [undefined, '', 'bar', 'foo', 'istio-system'];
    expect(new Set(wishes.map((wish) => refusal(world, wish).join()))).toEqual(
      new Set(['SIGNER_REFUSED,signer_bound_elsewhere']),
    );
  });
});

describe('in mode any', () => {
  const policy = `mode: any\n${barIsBound}`;

  it('a wish for a signer that has roots is granted', () => {
    expect(decide({ policy }, 'foo')).toMatchObject({
      signer: signer('foo'),
      source: { kind: 'any' },
    });
  });

  it('a wish is granted even where something else is assigned', () => {
    expect(decide({ policy, proxyConfigs: [fooHasFoo] }, 'istio-system')).toMatchObject({
      signer: signer('istio-system'),
      servedInsteadOf: undefined,
    });
  });

  it('a wish for a signer without roots is not', () => {
    expect(refusal({ policy }, 'no-such')).toEqual(['SIGNER_REFUSED', 'signer_unknown']);
  });

  it('a wish for a signer that is bound to others is not', () => {
    expect(refusal({ policy }, 'bar')).toEqual(['SIGNER_REFUSED', 'signer_bound_elsewhere']);
  });

  it('those whom it is bound to get it', () => {
    const world = { policy, workload: { namespace: 'bar' } };
    expect(decide(world, 'bar')).toMatchObject({ signer: signer('bar') });
  });

  it('a caller without a wish gets what is assigned', () => {
    expect(decide({ policy, proxyConfigs: [fooHasFoo] })).toMatchObject({
      signer: signer('foo'),
      source: { kind: 'proxy-config' },
    });
  });

  it('an assignment that is refused stays refused', () => {
    const proxyConfigs = [{ namespace: 'foo', names: 'bar' }];
    expect(refusal({ policy, proxyConfigs }, 'foo')).toEqual([
      'SIGNER_REFUSED',
      'signer_bound_elsewhere',
    ]);
  });
});

describe('a namespace with running clients that gets its first ProxyConfig', () => {
  const before = { meshDefault: 'istio-system' };
  const after = { ...before, proxyConfigs: [fooHasFoo] };

  it('had the signer of the mesh until then', () => {
    expect(decide(before, 'istio-system').signer).toBe(signer('istio-system'));
  });

  it('has its renewals served from the new signer', () => {
    expect(decide(after, 'istio-system').signer).toBe(signer('foo'));
  });

  it('has its new pods served from it as well', () => {
    expect(decide(after, 'foo').signer).toBe(signer('foo'));
  });
});
