import { RaError } from '../base/ra-error.ts';

/**
 * Which cluster the `clusterid` header names: ours for an empty or absent value, our id or an alias
 * of it. Throws CALLER_UNAUTHENTICATED for another cluster and for a repeated header.
 *
 * Divergence: istiod reads a repeated header as "the local cluster".
 */
export function resolveClusterId(
  values: readonly string[],
  ours: { readonly id: string; readonly aliases: readonly string[] },
): string {
  if (values.length > 1) {
    throw new RaError('CALLER_UNAUTHENTICATED', 'the clusterid header is repeated', {
      reason: 'cluster_id_repeated',
    });
  }
  const [named = ''] = values;
  if (named === '' || named === ours.id || ours.aliases.includes(named)) return ours.id;
  throw new RaError('CALLER_UNAUTHENTICATED', 'the clusterid header names an unknown cluster', {
    reason: 'cluster_unknown',
    fields: { clusterId: named.slice(0, 128) },
  });
}
