import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { SourceLocation, PolicyProblem } from './policy-problem.ts';
import type { SignerPolicy } from './signer-policy.ts';

/** What a policy looks like next to a mesh config. */
export interface PolicyMeshCheck {
  /** Signers of the policy that the mesh has no root for: a policy with any must not be used. */
  readonly problems: readonly PolicyProblem[];
  /**
   * Signers that have roots and that no exclusive rule binds: whoever may write ProxyConfigs in some
   * namespace can reach them from there. For a warning each.
   */
  readonly unboundSigners: readonly string[];
}

/** Holds a policy against a mesh config, which may name other signers than the policy does. */
export function checkPolicyAgainstMesh(
  policy: SignerPolicy,
  { trust }: Pick<MeshSnapshot, 'trust'>,
): PolicyMeshCheck {
  const problems = [...namedSigners(policy)].flatMap(([place, signer]) =>
    trust.anchorsOf(signer).length > 0
      ? []
      : [{ ...place, problem: `${signer} has no root in caCertificates of the mesh config` }],
  );
  const bound = new Set<string>(
    policy.rules.filter(({ exclusive }) => exclusive).flatMap(({ signers }) => signers),
  );
  const unboundSigners = trust.signerNames.filter((signer) => !bound.has(signer));
  return { problems, unboundSigners };
}

function* namedSigners(policy: SignerPolicy): Generator<readonly [SourceLocation, SignerName]> {
  for (const { signers, signerLocations } of policy.rules) {
    for (const [index, { path, line }] of signerLocations.entries()) {
      const signer = signers[index];
      if (signer !== undefined) yield [{ path, line }, signer];
    }
  }
  for (const { signers, path, line } of policy.trusts) {
    for (const [index, signer] of signers.entries()) {
      yield [{ path: `${path}[${index}]`, line }, signer];
    }
  }
}
