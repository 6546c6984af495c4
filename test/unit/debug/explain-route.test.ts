import { describe, expect, it } from '@jest/globals';
import { explainRoute } from '../../../src/debug/explain-route.ts';
import type { Explanation, ExplainQuestion } from '../../../src/debug/explainer.ts';
import { RaError } from '../../../src/base/ra-error.ts';

const httpbin = 'namespace=foo&service-account=httpbin';

function asked(query: string, failure?: Error) {
  const questions: ExplainQuestion[] = [];
  const explain = (question: ExplainQuestion): Promise<Explanation> => {
    questions.push(question);
    const explanation = { identity: 'an identity' } as Explanation;
    return failure === undefined ? Promise.resolve(explanation) : Promise.reject(failure);
  };
  const answer = Promise.resolve(explainRoute({ explain })(new URLSearchParams(query)));
  return answer.then(({ status, body }) => ({
    ...{ status, questions },
    body: JSON.parse(body.toString()) as { readonly error?: string },
  }));
}

describe('the question for an explanation', () => {
  it('needs a namespace and a service account, and nothing else', async () => {
    const { status, body, questions } = await asked(httpbin);

    expect([status, body]).toEqual([200, { identity: 'an identity' }]);
    expect(questions).toEqual([
      {
        ...{ namespace: 'foo', serviceAccount: 'httpbin', ttlSeconds: 0 },
        ...{ signer: undefined, pod: undefined, nodeAgent: undefined },
      },
    ]);
  });

  it('takes all that a request may depend on', async () => {
    const more = '&signer=foo&pod=httpbin-1&node-agent=istio-system/ztunnel&ttl-seconds=3600';
    const { questions } = await asked(`${httpbin}${more}`);

    expect(questions).toMatchObject([
      { signer: 'foo', pod: 'httpbin-1', nodeAgent: 'istio-system/ztunnel', ttlSeconds: 3_600 },
    ]);
  });

  it.each([
    ['service-account=httpbin', 'namespace is missing'],
    ['namespace=foo', 'service-account is missing'],
    ['namespace=&service-account=x', 'namespace is missing'],
    ['namespace=../x&service-account=x', 'namespace is not a Kubernetes name'],
    [`${httpbin}&ttl-seconds=-1`, 'ttl-seconds must be a whole number'],
    [`${httpbin}&signr=foo`, 'signr is not a parameter'],
  ])('is not understood as %s', async (query, message) => {
    const { status, body, questions } = await asked(query);

    expect([status, questions]).toEqual([400, []]);
    expect(body.error).toContain(message);
  });

  it.each([
    [new RaError('NOT_READY', 'not read yet'), 503, 'not read yet'],
    [new RaError('REQUEST_MALFORMED', 'there is no pod foo/x'), 400, 'there is no pod foo/x'],
    [new Error('a secret of the inside'), 500, undefined],
  ])('ends with the status of the failure: %s', async (failure, status, message) => {
    const answer = await asked(httpbin, failure);

    expect(answer.status).toBe(status);
    expect(answer.body.error).toBe(message ?? RaError.from(failure).message);
  });
});
