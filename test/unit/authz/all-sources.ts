import { resolveAssignment } from '../../../src/authz/signer-assignment.ts';
import type { SignerAssignment } from '../../../src/authz/signer-assignment.ts';
import { aWorld, rootNamespace, signer } from './a-world.ts';
import type { AWorld } from './a-world.ts';

export const fooRule = 'rules: [{ name: foo, match: { namespaces: [foo] }, signers: [by-rule] }]';
export const ofWorkload = {
  namespace: 'foo',
  name: 'w',
  names: 'by-workload',
  selects: { app: 'x' },
};
export const ofNamespace = { namespace: 'foo', name: 'n', names: 'by-namespace' };
export const ofRoot = { namespace: rootNamespace, name: 'r', names: 'by-root' };
const signers = ['by-rule', 'by-workload', 'by-namespace', 'by-root', 'by-k8s', 'by-mesh', 'bar'];

/** A world in which every source speaks to httpbin of foo. */
const everything: AWorld = {
  policy: fooRule,
  proxyConfigs: [ofWorkload, ofNamespace, ofRoot],
  settings: { defaultSigner: signer('by-k8s') },
  meshDefault: 'by-mesh',
  signers,
  workload: { podLabels: [{ app: 'x' }] },
};

/** What is assigned in that world, but for these changes. */
export function resolve(world: AWorld): SignerAssignment {
  return resolveAssignment(aWorld({ ...everything, ...world }));
}
