import { failed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import type { Fact } from '../fact.ts';
import type { ServerFacts } from '../facts.ts';

const fix =
  'correct --kubeconfig, KUBECONFIG or the network, until `kubectl version` answers with the same';

/** Whether there is an API server that answers us. */
export function apiReachable({ facts }: Pick<CheckContext, 'facts'>): Check {
  return { id: 'api-reachable', severity: 'error', run: () => judgeServer(facts.server) };
}

export function judgeServer(server: Fact<ServerFacts>): CheckVerdict {
  if (server.kind === 'known') return ok(`the API server answers: ${server.value.version}`);
  return failed(`the API server does not answer: ${server.because}`, fix);
}
