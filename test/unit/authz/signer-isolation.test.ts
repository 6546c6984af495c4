import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RaError } from '../../../src/base/ra-error.ts';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import { decideSigner } from '../../../src/authz/granted-signer.ts';
import type { SignerDecision } from '../../../src/authz/granted-signer.ts';
import { resolveAssignment } from '../../../src/authz/signer-assignment.ts';
import type { AssignmentQuestion } from '../../../src/authz/signer-assignment.ts';
import { matchRule } from '../../../src/authz/signer-rule.ts';
import { aWorld, rootNamespace, signer, signerDomain } from './a-world.ts';
import type { AProxyConfig, AWorld } from './a-world.ts';

/** Few names, so that they meet often. */
const signers = ['red', 'green', 'blue'];
const namespaces = ['foo', 'bar', 'baz'];
const labelSets = [{}, { app: 'x' }, { app: 'y' }, { app: 'x', tier: 'web' }];

const someSigner = fc.constantFrom(...signers);
const someNamespace = fc.constantFrom(...namespaces);
const someText = fc.constantFrom(...signers, 'unknown', 'a/b', '', 'RED', signer('red'));

const someRule = fc.record({
  match: fc.record(
    {
      namespaces: fc.uniqueArray(someNamespace, { minLength: 1, maxLength: 2 }),
      namespaceLabels: fc.constantFrom({ tenant: 'foo' }, { tenant: 'bar' }),
      serviceAccounts: fc.constantFrom(['httpbin'], ['foo/sleep', 'bar/sleep'], ['sleep']),
    },
    { requiredKeys: [] },
  ),
  signers: fc.uniqueArray(someSigner, { minLength: 1, maxLength: 2 }),
  exclusive: fc.boolean(),
});

/** What tenants and operators may write, most of it odd. Policies in conflict are passed by. */
const somePolicy = fc
  .record({
    mode: fc.constantFrom('assigned', 'any'),
    sources: fc.record(
      {
        rules: fc.boolean(),
        proxyConfigWorkload: fc.boolean(),
        proxyConfigNamespace: fc.boolean(),
        k8sSigner: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    rules: fc.array(someRule, { maxLength: 4 }),
  })
  .map(({ rules, ...rest }) =>
    JSON.stringify({ ...rest, rules: rules.map((rule, at) => ({ name: `r${at}`, ...rule })) }),
  )
  .filter((policy) => {
    try {
      parseSignerPolicy(policy, { signerDomain });
      return true;
    } catch {
      return false;
    }
  });

const someProxyConfig = (
  where = fc.constantFrom(...namespaces, rootNamespace),
): fc.Arbitrary<AProxyConfig> =>
  fc.record({
    namespace: where,
    name: fc.constantFrom('a', 'b', 'c'),
    names: fc.oneof(someText, fc.constantFrom(undefined, 7)),
    selects: fc.constantFrom(undefined, undefined, {}, { app: 'x' }, { app: 'y' }),
    created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
  });

const someWorkload = fc.record({
  namespace: someNamespace,
  serviceAccount: fc.constantFrom('httpbin', 'sleep'),
  namespaceLabels: fc.constantFrom(undefined, {}, { tenant: 'foo' }, { tenant: 'bar' }),
  podLabels: fc.option(fc.array(fc.constantFrom(...labelSets), { maxLength: 3 }), {
    nil: undefined,
  }),
});

const someWorld: fc.Arbitrary<AWorld> = fc.record({
  policy: somePolicy,
  proxyConfigs: fc.array(someProxyConfig(), { maxLength: 6 }),
  signers: fc.constant(signers),
  meshDefault: someText,
  settings: fc.record({
    defaultSigner: fc.constantFrom(undefined, signer('red'), signer('blue')),
  }),
  workload: someWorkload,
});

const someWish = fc.oneof(fc.constant(undefined), someText);

function answer(question: AssignmentQuestion, wish: string | undefined): SignerDecision | RaError {
  try {
    return decideSigner(resolveAssignment(question), wish);
  } catch (error) {
    if (error instanceof RaError) return error;
    throw error;
  }
}

function inShort(given: SignerDecision | RaError): string {
  return given instanceof RaError ? `${given.code} ${given.reason}` : given.signer;
}

const runs = { numRuns: 400 };

describe('whatever the configuration and the wish', () => {
  it('a caller never gets a signer that exclusive rules bind to others', () => {
    fc.assert(
      fc.property(someWorld, someWish, (world, wish) => {
        const question = aWorld(world);
        const given = answer(question, wish);
        if (given instanceof RaError) return;
        const bindings = question.policy.rules.filter(
          (rule) => rule.exclusive && rule.signers.includes(given.signer),
        );
        const entitled = bindings.some(
          (rule) => matchRule(rule, question.workload).kind === 'matches',
        );
        expect(bindings.length === 0 || entitled).toBe(true);
      }),
      runs,
    );
  });

  it('a caller in mode assigned gets one of its assigned signers or nothing', () => {
    fc.assert(
      fc.property(someWorld, someWish, (world, wish) => {
        const question = aWorld(world);
        const given = answer(question, wish);
        if (given instanceof RaError) return;
        const { outcome } = resolveAssignment(question);
        const assigned = outcome.kind === 'assigned' ? outcome.signers : [];
        const byMode = question.policy.mode === 'any' && given.source.kind === 'any';
        expect(byMode || assigned.includes(given.signer)).toBe(true);
      }),
      runs,
    );
  });

  it('a wish never gets a caller more than another of its assigned signers, or what it wished for', () => {
    fc.assert(
      fc.property(someWorld, someWish, (world, wish) => {
        const given = answer(aWorld(world), wish);
        const silent = answer(aWorld(world), undefined);
        if (given instanceof RaError || given.signer === signerOf(wish)) return;
        expect(inShort(given)).toBe(inShort(silent));
      }),
      runs,
    );
  });

  it('what the author of a pod writes into its annotations changes nothing', () => {
    fc.assert(
      fc.property(someWorld, someWish, someText, (world, wish, value) => {
        const question = aWorld(world);
        const annotations = {
          'proxy.istio.io/config': `proxyMetadata: { ISTIO_META_CERT_SIGNER: ${value} }`,
        };
        const smuggled = { ...question.workload, annotations, env: annotations };
        const given = answer({ ...question, workload: smuggled }, wish);
        expect(inShort(given)).toBe(inShort(answer(question, wish)));
      }),
      runs,
    );
  });

  it('a ProxyConfig more in foo changes nothing for bar', () => {
    const inFoo = someProxyConfig(fc.constant('foo'));
    fc.assert(
      fc.property(someWorld, someWish, inFoo, (world, wish, added) => {
        const inBar = { ...world, workload: { ...world.workload, namespace: 'bar' } };
        const more = { ...inBar, proxyConfigs: [...(inBar.proxyConfigs ?? []), added] };
        expect(inShort(answer(aWorld(more), wish))).toBe(inShort(answer(aWorld(inBar), wish)));
      }),
      runs,
    );
  });

  it('a signer that is not there and one that is not allowed are refused in the same words', () => {
    fc.assert(
      fc.property(someWorld, someSigner, (world, wish) => {
        const refused = answer(aWorld(world), wish);
        if (!(refused instanceof RaError)) return;
        const unknown = answer(aWorld(world), 'nobody-knows-it');
        expect(unknown).toMatchObject({
          code: refused.code,
          publicMessage: refused.publicMessage,
        });
      }),
      runs,
    );
  });

  it('the trail has one step that won or was refused, or none where nothing is assigned', () => {
    fc.assert(
      fc.property(someWorld, (world) => {
        const { outcome, steps } = resolveAssignment(aWorld(world));
        if (outcome.kind === 'refused' && outcome.reason === 'ambiguous_workload_labels') return;
        const decisive = steps().filter(
          ({ verdict }) => verdict === 'won' || verdict === 'refused',
        );
        const verdict = { assigned: ['won'], refused: ['refused'], unassigned: [] }[outcome.kind];
        expect(decisive.map((step) => step.verdict)).toEqual(verdict);
      }),
      runs,
    );
  });
});

function signerOf(wish: string | undefined): string {
  return wish?.includes('/') === true ? wish : `${signerDomain}/${wish ?? ''}`;
}
