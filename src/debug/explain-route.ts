import { RaError } from '../base/ra-error.ts';
import type { PageRoute } from '../server/page-server.ts';
import type { Explainer, ExplainQuestion } from './explainer.ts';
import { answerJson, refuseOthers } from './json-answer.ts';

const known = ['namespace', 'service-account', 'signer', 'pod', 'node-agent', 'ttl-seconds'];
const name = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** `/debug/explain?namespace=…&service-account=…`: an Explanation, or `{ error }` and 400 or 503. */
export function explainRoute(explainer: Pick<Explainer, 'explain'>): PageRoute {
  // People read it too, with curl.
  return answerJson((query) => explainer.explain(readQuestion(query)), { indent: 2 });
}

function readQuestion(query: URLSearchParams): ExplainQuestion {
  refuseOthers(query, known);
  return {
    namespace: required(query, 'namespace'),
    serviceAccount: required(query, 'service-account'),
    signer: query.get('signer') ?? undefined,
    pod: query.get('pod') ?? undefined,
    nodeAgent: query.get('node-agent') ?? undefined,
    ttlSeconds: seconds(query.get('ttl-seconds') ?? '0'),
  };
}

function required(query: URLSearchParams, key: string): string {
  const value = query.get(key);
  if (value === null || value === '') throw malformed(`${key} is missing`);
  if (!name.test(value)) throw malformed(`${key} is not a Kubernetes name`);
  return value;
}

function seconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw malformed('ttl-seconds must be a whole number');
  return Number(text);
}

function malformed(message: string): RaError {
  return new RaError('REQUEST_MALFORMED', message);
}
