import type { Clock } from '../../../src/base/clock.ts';
import { Decision } from '../../../src/ra/decision.ts';
import type { DecisionFacts } from '../../../src/ra/decision.ts';

/** A request of that workload, as far as its identity was proved. */
export function aDecision(clock: Clock, namespace: string, facts: DecisionFacts = {}): Decision {
  const decision = new Decision('r1', clock);
  const identity = `spiffe://cluster.local/ns/${namespace}/sa/httpbin`;
  decision.note({ caller: identity, identity, signer: 'ca.example/foo', ...facts });
  return decision;
}
