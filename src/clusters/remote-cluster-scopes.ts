import type { TrustScope } from '../authn/trust-scope.ts';
import { SignerPolicyError } from '../authz/policy-problem.ts';
import type { PolicyProblem } from '../authz/policy-problem.ts';
import { parsePolicyNode } from '../authz/policy-node.ts';
import { fields, list, valueOf } from '../authz/policy-reader.ts';
import {
  checkNames,
  clusterAliases,
  clusterName,
  namespacesForm,
  readFileOf,
  readScope,
  signersForm,
} from './cluster-scope.ts';

/** A remote cluster as the operator of this one describes it, whatever Secrets say. */
export interface RemoteClusterScope extends TrustScope {
  readonly id: string;
  readonly aliases: readonly string[];
}

export interface ScopesContext {
  readonly signerDomain: string | undefined;
  /** The local cluster's, which no remote one may take. */
  readonly localNames: readonly string[];
}

/** As many as ClusterRegistry takes. */
const maxClusters = 256;

const form = fields(
  {
    clusters: list(
      fields(
        {
          id: clusterName,
          aliases: clusterAliases,
          namespaces: namespacesForm,
          signers: signersForm,
        },
        { description: 'A remote cluster.', required: ['id', 'namespaces', 'signers'] },
      ),
      { description: 'The remote clusters.', minItems: 0, maxItems: maxClusters },
    ),
  },
  { description: 'Which remote clusters are believed, and how far.', required: ['clusters'] },
);

/** Reads the file REMOTE_CLUSTERS. Throws an Error with a line for each mistake. */
export async function readRemoteClusterScopes(
  path: string,
  context: ScopesContext,
): Promise<readonly RemoteClusterScope[]> {
  return readFileOf({ setting: 'REMOTE_CLUSTERS', path }, (text) =>
    parseRemoteClusterScopes(text, context),
  );
}

/** Throws SignerPolicyError with everything that is wrong with the text. */
export function parseRemoteClusterScopes(
  text: string,
  { signerDomain, localNames }: ScopesContext,
): readonly RemoteClusterScope[] {
  const problems: PolicyProblem[] = [];
  const clusters =
    form.read(parsePolicyNode(text, 'the file'), problems)?.value.clusters?.value ?? [];
  const scopes = clusters.flatMap(({ value: { id, aliases, namespaces, signers } }) => {
    if (id === undefined || namespaces === undefined || signers === undefined) return [];
    const names = [id, ...(aliases?.value ?? [])];
    const scope = readScope(namespaces.value, signers.value, { signerDomain, problems });
    return [{ names, scope }];
  });
  checkNames(
    scopes.flatMap(({ names }) => names),
    localNames,
    problems,
  );
  if (problems.length > 0) throw new SignerPolicyError(problems);
  return scopes.map(({ names, scope }) => {
    const [id = '', ...aliases] = names.map(valueOf);
    return { id, aliases, ...scope };
  });
}
