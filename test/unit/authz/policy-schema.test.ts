import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { parsePolicyNode } from '../../../src/authz/policy-node.ts';
import type { PolicyProblem } from '../../../src/authz/policy-problem.ts';
import { policyReader, signerPolicySchema } from '../../../src/authz/policy-schema.ts';
import { satisfies } from './json-schema-check.ts';

/** Whether the form of a text is right, by the readers alone. */
function isWellFormed(text: string): boolean {
  const problems: PolicyProblem[] = [];
  policyReader.read(parsePolicyNode(text), problems);
  return problems.length === 0;
}

const whole = {
  mode: 'any',
  sources: { rules: true, meshDefault: false },
  rules: [
    {
      name: 'bar',
      match: {
        namespaces: ['bar'],
        namespaceLabels: { 'example.com/tenant': 'bar' },
        serviceAccounts: ['httpbin', 'bar/sleep'],
        clusters: ['Kubernetes'],
      },
      signers: ['bar', 'issuers.cert-manager.io/bar.gateway'],
      default: 'bar',
      exclusive: true,
      maxTtl: '24h',
      defaultTtl: '1h30m',
      keyTypes: ['rsa-2048', 'ecdsa-p256'],
    },
    { name: 'all', match: {}, signers: ['foo'] },
  ],
  trusts: [['foo', 'bar']],
};

describe('the JSON schema of a policy', () => {
  it('is the one that editors are given', () => {
    const file = new URL('../../../docs/signer-policy.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(signerPolicySchema);
  });

  it.each([
    ['{}', true],
    [JSON.stringify(whole), true],
    ['mode: all', false],
    ['unknown: 1', false],
    ['rules: {}', false],
    ['rules: [{ name: a, match: {}, signers: [a] }]', true],
    ['rules: [{ name: a, signers: [a] }]', false],
    ['rules: [{ name: a, match: { namespaces: [] }, signers: [a] }]', false],
    ['rules: [{ name: a, match: { namespaceLabels: {} }, signers: [a] }]', false],
    ['rules: [{ name: a, match: { namespaceLabels: { "a b": c } }, signers: [a] }]', false],
    ['rules: [{ name: a, match: {}, signers: [a/b] }]', false],
    ['rules: [{ name: a, match: {}, signers: [a], maxTtl: 3600 }]', false],
    ['rules: [{ name: a, match: {}, signers: [a], maxTtl: soon }]', false],
    ['trusts: [[a]]', false],
  ])('says of %j what our reader says', (text, wellFormed) => {
    const verdicts = [satisfies(parse(text), signerPolicySchema), isWellFormed(text)];
    expect(verdicts).toEqual([wellFormed, wellFormed]);
  });

  it('agrees with our reader on whatever one changes in a whole policy', () => {
    fc.assert(
      fc.property(fc.nat(), fc.anything(anyJson), fc.boolean(), (at, value, drop) => {
        const text = JSON.stringify(changed(whole, at, { value, drop }));
        const verdict = satisfies(JSON.parse(text), signerPolicySchema);
        expect([text, isWellFormed(text)]).toEqual([text, verdict]);
      }),
      { numRuns: 1500 },
    );
  });
});

const anyJson = {
  values: [
    fc.constantFrom('a', 'a/b', 'A', 'bar', 'x.io/y', '10m', 'rsa-2048', '', 'rules', 'any'),
    fc.string(),
    fc.boolean(),
    fc.integer(),
    fc.constant(null),
  ],
  key: fc.constantFrom('name', 'match', 'namespaces', 'rules', 'tenant', 'signers', 'A b', 'x'),
  maxDepth: 3,
};

interface Change {
  readonly value: unknown;
  readonly drop: boolean;
}

/** A copy in which one node, the `at`-th in order of a walk, is another value or is gone. */
function changed(tree: unknown, at: number, change: Change): unknown {
  const places = countPlaces(tree);
  let left = at % places;
  const walk = (node: unknown): unknown => {
    if (left-- === 0) return change.drop ? undefined : change.value;
    if (Array.isArray(node)) return node.map(walk).filter((item) => item !== undefined);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, each]) => [key, walk(each)]));
  };
  return walk(tree) ?? {};
}

function countPlaces(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 1;
  return Object.values(node).reduce((sum: number, each) => sum + countPlaces(each), 1);
}
