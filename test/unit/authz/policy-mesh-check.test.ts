import { describe, expect, it } from '@jest/globals';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import { checkPolicyAgainstMesh } from '../../../src/authz/policy-mesh-check.ts';
import { aMeshOf, signer, signerDomain } from './a-world.ts';

const policy = parseSignerPolicy(
  `
rules:
  - name: bar
    match: { namespaces: [bar] }
    signers: [bar, bar.gateway]
    exclusive: true
  - name: others
    match: {}
    signers: [foo]
trusts:
  - [foo, bar]
  - [foo, partner]
`,
  { signerDomain },
);

describe('checkPolicyAgainstMesh', () => {
  it('finds nothing wrong where every signer has a root', () => {
    const mesh = aMeshOf(['foo', 'bar', 'bar.gateway', 'partner']);
    expect(checkPolicyAgainstMesh(policy, mesh).problems).toEqual([]);
  });

  it('says where a signer stands that has no root', () => {
    const mesh = aMeshOf(['foo', 'bar']);
    const problem = 'has no root in caCertificates of the mesh config';
    expect(checkPolicyAgainstMesh(policy, mesh).problems).toEqual([
      {
        line: 5,
        path: 'rules[0].signers[1]',
        problem: `${signer('bar.gateway')} ${problem}`,
      },
      { line: 12, path: 'trusts[1][1]', problem: `${signer('partner')} ${problem}` },
    ]);
  });

  it('names the signers that no exclusive rule binds', () => {
    const mesh = aMeshOf(['istio-system', 'foo', 'bar', 'bar.gateway', 'partner']);
    expect(checkPolicyAgainstMesh(policy, mesh).unboundSigners).toEqual(
      ['istio-system', 'foo', 'partner'].map(signer),
    );
  });
});
