import type { CheckResult } from './check.ts';
import { judgeServer } from './checks/api-reachable.ts';
import { unknownFact } from './fact.ts';
import { resultOf } from './run-checks.ts';

/** The one result where not even a kubeconfig can be used. */
export function unreachableCluster(because: string): CheckResult {
  const verdict = judgeServer(unknownFact(because));
  return resultOf({ id: 'api-reachable', severity: 'error' }, verdict);
}
