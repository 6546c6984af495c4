import { failed, listed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';
import type { RootConfigMap } from '../read-root-config-map.ts';

/** Whether anybody else writes the roots that we write. */
export function rootConfigMapWriters({
  facts,
  config,
}: Pick<CheckContext, 'facts' | 'config'>): Check {
  return {
    id: 'root-config-map-writers',
    severity: 'warning',
    run: () =>
      config.rootDistribution === undefined
        ? skipped('we do not write the roots (DISTRIBUTE_ROOTS)')
        : judgeWriters(known(facts.rootConfigMaps)),
  };
}

export function judgeWriters(maps: readonly RootConfigMap[]): CheckVerdict {
  const others = maps.flatMap(({ namespace, otherWriters }) =>
    otherWriters.length === 0 ? [] : [`${namespace}: ${otherWriters.join(', ')}`],
  );
  if (others.length === 0) return ok('nobody else writes the roots for clients');
  const fix =
    'stop the other writer: ENABLE_CA_SERVER=false for istiod, exclusion for a GitOps tool';
  return failed(`others write root-cert.pem too: ${listed(others)}`, fix);
}
