import { describe, expect, it } from '@jest/globals';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import { SignerPolicyError } from '../../../src/authz/policy-problem.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { signer, signerDomain } from './a-world.ts';

const whole = `
mode: any
sources:
  k8sSigner: false
rules:
  - name: bar
    match:
      namespaces: [bar]
      namespaceLabels: { tenant: bar }
      serviceAccounts: [httpbin, bar/sleep]
      clusters: [Kubernetes]
    signers: [bar, issuers.cert-manager.io/bar.gateway]
    default: issuers.cert-manager.io/bar.gateway
    exclusive: true
    maxTtl: 24h
    defaultTtl: 90m
    keyTypes: [ecdsa-p256]
  - name: others
    match: {}
    signers:
      - foo
trusts:
  - [foo, bar]
`;

function problemsIn(text: string, domain: string | undefined = signerDomain): readonly string[] {
  const error = thrownBy(() => parseSignerPolicy(text, { signerDomain: domain }));
  if (!(error instanceof SignerPolicyError)) return [`not a SignerPolicyError: ${String(error)}`];
  return error.message.split('\n');
}

describe('parseSignerPolicy', () => {
  const policy = parseSignerPolicy(whole, { signerDomain });

  it('reads every field of a rule', () => {
    expect(policy.rules[0]).toMatchObject({
      name: 'bar',
      line: 6,
      path: 'rules[0]',
      match: {
        namespaces: ['bar'],
        namespaceLabels: { tenant: 'bar' },
        serviceAccounts: [
          { namespace: undefined, name: 'httpbin' },
          { namespace: 'bar', name: 'sleep' },
        ],
        clusters: ['Kubernetes'],
      },
      signers: [signer('bar'), 'issuers.cert-manager.io/bar.gateway'],
      default: 'issuers.cert-manager.io/bar.gateway',
      exclusive: true,
      limits: { maxTtlSeconds: 86_400, defaultTtlSeconds: 5400, keyTypes: ['ecdsa-p256'] },
    });
  });

  it('fills in what a rule leaves out', () => {
    expect(policy.rules[1]).toMatchObject({
      match: {
        namespaces: undefined,
        namespaceLabels: undefined,
        serviceAccounts: undefined,
        clusters: undefined,
      },
      default: signer('foo'),
      exclusive: false,
      limits: { maxTtlSeconds: undefined, defaultTtlSeconds: undefined, keyTypes: undefined },
    });
  });

  it('knows the line of each signer', () => {
    const places = policy.rules.flatMap(({ signerLocations }) => signerLocations);
    expect(places).toEqual([
      { path: 'rules[0].signers[0]', line: 12 },
      { path: 'rules[0].signers[1]', line: 12 },
      { path: 'rules[1].signers[0]', line: 21 },
    ]);
  });

  it('reads which signers trust each other', () => {
    expect(policy.trusts).toEqual([
      { path: 'trusts[0]', line: 23, signers: [signer('foo'), signer('bar')] },
    ]);
  });

  it('leaves every source on that it does not switch off', () => {
    expect(policy.sources).toEqual({
      rules: true,
      proxyConfigWorkload: true,
      proxyConfigNamespace: true,
      proxyConfigRootNamespace: true,
      k8sSigner: false,
      meshDefault: true,
    });
  });

  it('returns what nobody can change', () => {
    const frozen = [policy, policy.sources, policy.rules[0]?.match.namespaces, policy.trusts[0]];
    expect(frozen.every(Object.isFrozen)).toBe(true);
  });

  it.each(['', '# nothing but a comment\n', '{}', '---\n'])('takes %j for no rules', (text) => {
    const empty = parseSignerPolicy(text, { signerDomain });
    expect([empty.mode, empty.rules, empty.trusts]).toEqual(['assigned', [], []]);
  });

  it('reads JSON as well, with tabs', () => {
    const text = '{\n\t"mode": "any",\n\t"rules": []\n}';
    expect(parseSignerPolicy(text, { signerDomain }).mode).toBe('any');
  });

  it('refuses a text that is nested beyond what can be read', () => {
    const nested = `${'- '.repeat(10_000)}\n]`;
    expect(() => parseSignerPolicy(nested, { signerDomain: undefined })).toThrow(SignerPolicyError);
  });

  it('needs CERT_SIGNER_DOMAIN for short names alone', () => {
    const rules = 'rules: [{ name: a, match: {}, signers: [a.io/x, short] }]';
    const error = thrownBy(() => parseSignerPolicy(rules, { signerDomain: undefined }));
    expect(error).toHaveProperty('problems', [
      {
        line: 1,
        path: 'rules[0].signers[1]',
        problem: 'cannot be used: it is a short name, and CERT_SIGNER_DOMAIN is not set',
      },
    ]);
  });

  it('tells everything that is wrong, in the order of the file', () => {
    const text = `
mode: all
moode: assigned
sources: { rules: no }
rules:
  - name: Bar
    match: { namespaces: [] }
    signers: [bar, kubernetes.io/kubelet-serving]
    maxTtl: 9m59s
`;
    expect(problemsIn(text)).toEqual([
      'line 2, mode: must be one of assigned, any',
      'line 3, moode: there is no such field',
      'line 4, sources.rules: must be true or false',
      'line 6, rules[0].name: must be lower-case letters, digits and dashes, 63 at most',
      'line 7, rules[0].match.namespaces: must have 1 or more items',
      'line 8, rules[0].signers[1]: cannot be used: signers of kubernetes.io mint cluster credentials and are never used',
      'line 9, rules[0].maxTtl: must be 10m or more',
    ]);
  });
});

/** One rule with these fields beside or instead of the usual ones. */
function aRule(fields: string): string {
  return `rules:\n- { name: a, match: {}, signers: [foo], ${fields} }`;
}

describe('parseSignerPolicy with one thing wrong', () => {
  it.each([
    ['[1]', 'line 1: must be a mapping'],
    ['null', 'line 1: must be a mapping'],
    ['mode: true', 'must be one of assigned, any, as a text: put true in quotes'],
    ['sources: { proxyConfig: false }', 'sources.proxyConfig: there is no such field'],
    ['sources:', 'line 1, sources: must be a mapping'],
    ['rules:', 'line 1, rules: must be a list'],
    ['rules: [a]', 'rules[0]: must be a mapping'],
    ['rules: [{ match: {}, signers: [a] }]', 'rules[0]: the field name is missing'],
    ['rules: [{ name: a, signers: [a] }]', 'rules[0]: the field match is missing'],
    ['rules: [{ name: a, match: {} }]', 'rules[0]: the field signers is missing'],
    ['rules:\n- name: a\n  match:\n  signers: [a]', 'line 3, rules[0].match: must be a mapping'],
    ['rules: [{ name: a, match: {}, signers: [] }]', 'rules[0].signers: must have 1 or more'],
    [aRule('default: bar'), 'line 2, rules[0].default: must be one of the signers of its rule'],
    [aRule('exclusive: "true"'), 'rules[0].exclusive: must be true or false'],
    [aRule('maxTtl: 3600'), 'must be a duration such as 24h, 90m or 1h30m, as a text: put 3600'],
    [aRule('maxTtl: soon'), 'rules[0].maxTtl: must be a duration'],
    [aRule('defaultTtl: 0h'), 'rules[0].defaultTtl: must be 10m or more'],
    [aRule('maxTtl: 10m0.5s'), 'rules[0].maxTtl: must be whole seconds'],
    [aRule('maxTtl: 999999999h'), 'rules[0].maxTtl: must be 2147483647s or less'],
    [aRule('maxTtl: 1h, defaultTtl: 2h'), 'rules[0].defaultTtl: must not be over maxTtl'],
    [aRule('keyTypes: [rsa-1024]'), 'rules[0].keyTypes[0]: must be one of rsa-2048'],
    [aRule('"__proto__": {}'), '__proto__: there is no such field'],
    [aRule('constructor: 1'), 'constructor: there is no such field'],
    ['rules: [{ name: a, match: { namespaces: [1] }, signers: [a] }]', 'put 1 in quotes'],
    ['rules: [{ name: a, match: { namespaces: [A] }, signers: [a] }]', 'name of a namespace'],
    ['rules: [{ name: a, match: { namespaceLabels: {} }, signers: [a] }]', '1 or more fields'],
    [
      'rules: [{ name: a, match: { namespaceLabels: { a.b/c: true } }, signers: [a] }]',
      'rules[0].match.namespaceLabels["a.b/c"]: must be a label\'s value, as a text: put true',
    ],
    [
      'rules: [{ name: a, match: { serviceAccounts: [a/b/c] }, signers: [a] }]',
      '<namespace>/<name>',
    ],
    ['rules: [{ name: a, match: { podLabels: { a: b } }, signers: [a] }]', 'no such field'],
    ['trusts: [[a]]', 'line 1, trusts[0]: must have 2 or more items'],
    ['trusts: [[a, b, c]]', 'line 1, trusts[0]: must have 2 items at most'],
    ['trusts: [[a, kubernetes.io/b]]', 'line 1, trusts[0][1]: cannot be used: signers of'],
    ['a: [', 'line 1: not YAML: '],
    ['a: 1\na: 2', 'line 2: not YAML: Map keys must be unique'],
    ['mode: any\n---\nmode: any', 'line 2: not YAML: Source contains multiple documents'],
    ['mode: !x any', 'line 1: not YAML: Unresolved tag: !x'],
    ['mode: &m any\nrules: *m', 'line 2, rules: aliases are not read here'],
    ['1: a', 'line 1: a field must have a text for its name'],
    ['[x]: a', 'line 1: a field must have a text for its name'],
    ['#'.repeat(1_048_577), 'the policy is longer than 1048576 characters'],
  ])('refuses %j and says where', (text, problem) => {
    expect(problemsIn(text).join('\n')).toContain(problem);
  });

  it.each(['../x', 'bar ', 'BAR', 'a..b', '/x', 'x/', 'nodot/x', 'a.io/x/y', 'a\n', '', 'ä'])(
    'refuses the signer %j',
    (name) => {
      const rules = [{ name: 'a', match: {}, signers: [name] }];
      expect(problemsIn(JSON.stringify({ rules }))).toEqual([
        'line 1, rules[0].signers[0]: must be a signer: DNS labels joined by dots, or <domain>/<path>',
      ]);
    },
  );

  it('survives nesting that no policy has', () => {
    expect(problemsIn('['.repeat(100_000))[0]).toContain('line 1: not YAML: ');
  });

  it('does not fill a screen with problems', () => {
    const text = Array.from({ length: 80 }, (_, at) => `field${at}: 1`).join('\n');
    expect(problemsIn(text).slice(-2)).toEqual([
      'line 50, field49: there is no such field',
      'and 30 more',
    ]);
  });
});
