import { parseSignerPolicy } from './policy-file.ts';
import { checkPolicyAgainstMesh } from './policy-mesh-check.ts';
import { SignerPolicyError } from './policy-problem.ts';
import type { SignerPolicy } from './signer-policy.ts';
import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { WatchedFile } from '../base/watched-file.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';

export interface SignerPolicySourceOptions {
  /** Undefined: there are no rules. */
  readonly path: string | undefined;
  readonly signerDomain: string | undefined;
  readonly mesh: MeshSource;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The signer policy as it is now. */
export interface SignerPolicySource extends Stoppable {
  current(): SignerPolicy;
}

/**
 * Opens the policy file, or the policy without rules where there is none. Warns once of each signer
 * that no rule binds and of the mode that grants every requested signer. Throws SignerPolicyError, with a line
 * for each mistake.
 */
export async function openSignerPolicy(
  options: SignerPolicySourceOptions,
): Promise<SignerPolicySource> {
  const { path, clock, log } = options;
  const parse = (text: string): SignerPolicy => parseFor(text, options);
  const source =
    path === undefined
      ? constant(parse(''))
      : await WatchedFile.open({ path, what: 'signer policy', parse, clock, log });
  warnOf(source.current(), options);
  return source;
}

function parseFor(text: string, { signerDomain, mesh }: SignerPolicySourceOptions): SignerPolicy {
  const policy = parseSignerPolicy(text, { signerDomain });
  const { problems } = checkPolicyAgainstMesh(policy, mesh.current());
  if (problems.length > 0) throw new SignerPolicyError(problems);
  return policy;
}

function constant(policy: SignerPolicy): SignerPolicySource {
  return { current: () => policy, stop: () => Promise.resolve() };
}

function warnOf(policy: SignerPolicy, { mesh, log }: SignerPolicySourceOptions): void {
  if (policy.mode === 'any') {
    log.warn('mode any: every caller gets every signer that it names, so tenants are NOT isolated');
  }
  for (const signer of checkPolicyAgainstMesh(policy, mesh.current()).unboundSigners) {
    log.warn(
      'no exclusive rule binds this signer: who may write ProxyConfigs in a namespace can have it',
      { signer },
    );
  }
}
