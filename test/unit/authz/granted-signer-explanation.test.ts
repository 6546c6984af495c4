import { describe, expect, it } from '@jest/globals';
import { decideSigner, explainSigner } from '../../../src/authz/granted-signer.ts';
import type { SignerExplanation } from '../../../src/authz/granted-signer.ts';
import { resolveAssignment } from '../../../src/authz/signer-assignment.ts';
import { aWorld, signer } from './a-world.ts';
import type { AWorld } from './a-world.ts';

const fooConfig = { namespace: 'foo', names: 'foo' };

function explain(world: AWorld, wish?: string): SignerExplanation {
  const { workload, ...question } = aWorld(world);
  return explainSigner(workload, wish, { ...question, namespaceLabels: () => undefined });
}

describe('an explained signer', () => {
  it('is the one that a request would get, with its source in words', () => {
    const { verdict } = explain({ proxyConfigs: [fooConfig] });

    expect(verdict).toMatchObject({
      kind: 'granted',
      signer: signer('foo'),
      source: 'ProxyConfig foo/pc (namespace)',
    });
  });

  it('has every source that was asked, the strongest first', () => {
    const { steps } = explain({ proxyConfigs: [fooConfig], meshDefault: 'istio-system' });

    expect(steps.map(({ from, verdict }) => [from, verdict])).toEqual([
      ['rules', 'void'],
      ['proxyConfigWorkload', 'void'],
      ['proxyConfigNamespace', 'won'],
      ['proxyConfigRootNamespace', 'void'],
      ['k8sSigner', 'void'],
      ['meshDefault', 'lost'],
    ]);
  });

  it('carries the limits of the rule that assigns it', () => {
    const policy = `rules: [{ name: a, match: { namespaces: [foo] }, signers: [foo], maxTtl: 1h }]`;
    const { verdict } = explain({ policy });

    expect(verdict).toMatchObject({ kind: 'granted', limits: { maxTtlSeconds: 3_600 } });
  });

  it('says instead of which wish it serves', () => {
    const world = { proxyConfigs: [fooConfig], meshDefault: 'istio-system' };
    const { verdict } = explain(world, 'istio-system');

    expect(verdict).toMatchObject({
      signer: signer('foo'),
      servedInsteadOf: signer('istio-system'),
    });
  });

  it.each([
    ['a wish that nothing assigns', { proxyConfigs: [fooConfig] }, 'bar', 'signer_not_assigned'],
    ['nothing to assign', {}, undefined, 'no_default_signer'],
    [
      'a signer without a root',
      { proxyConfigs: [{ namespace: 'foo', names: 'x' }] },
      undefined,
      'signer_unknown',
    ],
  ])('is a refusal with its reason, and not thrown, for %s', (_, world, wish, reason) => {
    const { verdict, steps } = explain(world, wish);

    expect(verdict).toMatchObject({ kind: 'refused', error: { reason } });
    expect(steps).toHaveLength(6);
  });

  it('is what a request is told, for every wish', () => {
    const world = { proxyConfigs: [fooConfig], meshDefault: 'istio-system' };
    const assignment = resolveAssignment(aWorld(world));
    for (const wish of [undefined, '', 'foo', 'bar', 'istio-system', 'nobody', '../x']) {
      const { verdict } = explain(world, wish);
      expect(told(() => decideSigner(assignment, wish).signer)).toBe(
        verdict.kind === 'granted' ? verdict.signer : verdict.error.reason,
      );
    }
  });
});

function told(decide: () => string): string {
  try {
    return decide();
  } catch (error) {
    return (error as { readonly reason: string }).reason;
  }
}
