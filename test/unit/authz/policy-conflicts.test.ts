import { describe, expect, it } from '@jest/globals';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { signer, signerDomain } from './a-world.ts';

interface ARule {
  readonly match: object;
  readonly signers?: readonly string[];
  readonly exclusive?: boolean;
  readonly name?: string;
}

/** One line for each rule, from line 2 on. */
function conflictsOf(...rules: readonly ARule[]): readonly string[] {
  const lines = rules.map((rule, at) =>
    JSON.stringify({ name: `r${at}`, signers: [`s${at}`], ...rule }),
  );
  const text = `{"rules": [\n${lines.join(',\n')}]}`;
  const error = thrownBy(() => parseSignerPolicy(text, { signerDomain }));
  return error instanceof Error ? error.message.split('\n') : [];
}

describe('rules that contradict each other', () => {
  it('are two of one name', () => {
    const [one, other] = [{ namespaces: ['a'] }, { namespaces: ['b'] }];
    expect(conflictsOf({ match: one, name: 'x' }, { match: other, name: 'x' })).toEqual([
      'line 3, rules[1].name: rule x (line 2) has that name',
    ]);
  });

  it('are one that binds a signer and one that gives it away', () => {
    const exclusive = { match: { namespaces: ['bar'] }, signers: ['bar'], exclusive: true };
    const open = { match: { namespaces: ['foo'] }, signers: ['foo', 'bar'] };
    expect(conflictsOf(exclusive, open)).toEqual([
      `line 3, rules[1].signers[1]: ${signer('bar')} is bound by rule r0 (line 2): take it out, or make this rule exclusive too`,
    ]);
  });

  it('are one that binds a signer to an account name that any namespace can have', () => {
    const match = { serviceAccounts: ['bar/gateway', 'gateway'] };
    expect(conflictsOf({ match, exclusive: true })).toEqual([
      'line 2, rules[0].match.serviceAccounts[1]: any namespace can have an account gateway: write <namespace>/gateway',
    ]);
  });

  it.each([{ namespaces: ['bar'] }, { namespaceLabels: { tenant: 'bar' } }])(
    'are not one that binds it to an account name within %j',
    (within) => {
      const match = { ...within, serviceAccounts: ['gateway'] };
      expect(conflictsOf({ match, exclusive: true })).toEqual([]);
    },
  );

  it('are not two that bind one signer: it is bound to both', () => {
    const one = { match: { namespaces: ['bar'] }, signers: ['bar'], exclusive: true };
    const other = { match: { namespaces: ['ingress'] }, signers: ['bar'], exclusive: true };
    expect(conflictsOf(one, other)).toEqual([]);
  });

  it.each([
    [{}, { namespaces: ['a'] }],
    [{ namespaces: ['a', 'b'] }, { namespaces: ['b'] }],
    [{ namespaces: ['a'] }, { namespaces: ['a'], clusters: ['c'] }],
    [{ namespaces: ['a', 'b'] }, { serviceAccounts: ['a/x', 'b/y'] }],
    [{ namespaceLabels: { t: 'a' } }, { namespaceLabels: { t: 'a', u: 'b' } }],
    [{ serviceAccounts: ['x'] }, { serviceAccounts: ['a/x'] }],
    [{ serviceAccounts: ['a/x'] }, { namespaces: ['a'], serviceAccounts: ['x'] }],
    [{ clusters: ['c', 'd'] }, { clusters: ['d'] }],
  ])('are %j and then %j, which is never reached', (wide, narrow) => {
    expect(conflictsOf({ match: wide }, { match: narrow })).toEqual([
      'line 3, rules[1]: is never reached: rule r0 (line 2) matches whoever it matches',
    ]);
  });

  it.each([
    [{ namespaces: ['b'] }, { namespaces: ['a', 'b'] }],
    [{ namespaces: ['a'] }, { clusters: ['c'] }],
    [{ namespaces: ['a'] }, { serviceAccounts: ['a/x', 'y'] }],
    [{ namespaceLabels: { t: 'a' } }, { namespaceLabels: { t: 'b' } }],
    [{ namespaceLabels: { constructor: 'a' } }, { namespaceLabels: { t: 'b' } }],
    [{ serviceAccounts: ['a/x'] }, { serviceAccounts: ['x'] }],
    [{ serviceAccounts: ['a/x'] }, { namespaces: ['a', 'b'], serviceAccounts: ['x'] }],
    [{ serviceAccounts: ['x'] }, { namespaces: ['a'] }],
    [{ namespaces: ['a'] }, {}],
  ])('are not %j and then %j', (first, second) => {
    expect(conflictsOf({ match: first }, { match: second })).toEqual([]);
  });
});

describe('a rule that contradicts itself', () => {
  it('binds its signers to everybody', () => {
    expect(conflictsOf({ match: {}, exclusive: true })).toEqual([
      'line 2, rules[0]: an exclusive rule must not match everybody: it would bind nothing',
    ]);
  });

  it('names an account of a namespace that it leaves out', () => {
    const match = { namespaces: ['foo'], serviceAccounts: ['sleep', 'bar/sleep'] };
    expect(conflictsOf({ match })).toEqual([
      'line 2, rules[0].match.serviceAccounts[1]: bar/sleep is in no namespace of match.namespaces',
    ]);
  });

  it('lists a signer twice, even by its two names', () => {
    expect(conflictsOf({ match: {}, signers: ['foo', signer('foo')] })).toEqual([
      `line 2, rules[0].signers[1]: ${signer('foo')} stands in the list before`,
    ]);
  });
});

describe('trusts', () => {
  it.each([
    ['trusts:\n- [a, a]', `line 2, trusts[0]: ${signer('a')} trusts itself anyway`],
    ['trusts:\n- [a, b]\n- [b, a]', 'line 3, trusts[1]: stands in line 2 before'],
  ])('must not say %j', (text, problem) => {
    expect(() => parseSignerPolicy(text, { signerDomain })).toThrow(problem);
  });
});
