import { describe, expect, it } from '@jest/globals';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import { bindingsAgainst, matchRule } from '../../../src/authz/signer-rule.ts';
import type { MatchVerdict } from '../../../src/authz/signer-rule.ts';
import { aWorkload, signer, signerDomain } from './a-world.ts';

const subject = aWorkload({
  namespace: 'bar',
  serviceAccount: 'sleep',
  namespaceLabels: { tenant: 'bar', tier: 'gold' },
});

function verdictOn(match: object, asked = subject): MatchVerdict {
  const text = JSON.stringify({ rules: [{ name: 'r', match, signers: ['bar'] }] });
  const [rule] = parseSignerPolicy(text, { signerDomain }).rules;
  if (rule === undefined) throw new Error('the test made no rule');
  return matchRule(rule, asked);
}

describe('matchRule', () => {
  it.each([
    {},
    { namespaces: ['foo', 'bar'] },
    { namespaceLabels: { tenant: 'bar' } },
    { serviceAccounts: ['sleep'] },
    { serviceAccounts: ['foo/sleep', 'bar/sleep'] },
    { clusters: ['Kubernetes'] },
    {
      namespaces: ['bar'],
      namespaceLabels: { tenant: 'bar', tier: 'gold' },
      serviceAccounts: ['bar/sleep'],
      clusters: ['Kubernetes', 'other'],
    },
  ])('finds that %j is for bar/sleep', (match) => {
    expect(verdictOn(match)).toEqual({ kind: 'matches' });
  });

  it.each([
    [{ namespaces: ['foo'] }, 'it is not for namespace bar'],
    [{ namespaceLabels: { tenant: 'foo' } }, 'the namespace has no label tenant=foo'],
    [{ namespaceLabels: { constructor: 'x' } }, 'the namespace has no label constructor=x'],
    [{ serviceAccounts: ['httpbin'] }, 'it is not for service account bar/sleep'],
    [{ serviceAccounts: ['foo/sleep'] }, 'it is not for service account bar/sleep'],
    [{ clusters: ['other'] }, 'it is not for cluster Kubernetes'],
    [{ namespaces: ['bar'], clusters: ['other'] }, 'it is not for cluster Kubernetes'],
  ])('finds that %j is not, and says why', (match, because) => {
    expect(verdictOn(match)).toEqual({ kind: 'differs', because });
  });

  const unknown = { ...subject, namespaceLabels: undefined };

  it('cannot decide by labels that are not known', () => {
    expect(verdictOn({ namespaceLabels: { tenant: 'bar' } }, unknown)).toEqual({
      kind: 'undecided',
      because: 'the labels of the namespace are not known',
    });
  });

  it('needs no labels where another part differs', () => {
    const match = { namespaces: ['foo'], namespaceLabels: { tenant: 'bar' } };
    expect(verdictOn(match, unknown).kind).toBe('differs');
  });
});

describe('bindingsAgainst', () => {
  const policy = parseSignerPolicy(
    `
rules:
  - { name: bar, match: { namespaces: [bar] }, signers: [bar], exclusive: true }
  - { name: gateway, match: { namespaceLabels: { gateway: x } }, signers: [bar], exclusive: true }
  - { name: foo, match: { namespaces: [foo] }, signers: [foo] }
`,
    { signerDomain },
  );

  const namesFor = (workload: Parameters<typeof aWorkload>[0], name = 'bar'): readonly string[] =>
    bindingsAgainst(policy, aWorkload(workload), signer(name)).map((rule) => rule.name);

  it('has none against those who match one of the rules that bind the signer', () => {
    const ingress = { namespace: 'ingress', namespaceLabels: { gateway: 'x' } };
    expect([namesFor({ namespace: 'bar' }), namesFor(ingress)]).toEqual([[], []]);
  });

  it('names them against everybody else', () => {
    expect(namesFor({ namespace: 'foo' })).toEqual(['bar', 'gateway']);
  });

  it('counts a rule that cannot be decided as not for the caller', () => {
    expect(namesFor({ namespaceLabels: undefined })).toEqual(['bar', 'gateway']);
  });

  it('has none where no exclusive rule lists the signer', () => {
    expect(namesFor({ namespace: 'baz' }, 'foo')).toEqual([]);
  });
});
