import type { Kubectl } from './kubectl.ts';

/** One right as the API server is asked about it. */
export interface Right {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** Those of the rights that a service account has, by the API server's own word. */
export async function rightsOf(
  kubectl: Kubectl,
  account: { readonly namespace: string; readonly name: string },
  rights: readonly Right[],
): Promise<Right[]> {
  const { namespace, name } = account;
  const who = {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  };
  const reviews = rights.map((resourceAttributes) => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: { name: '' },
    spec: { ...who, resourceAttributes },
  }));
  const answers = await kubectl.create(reviews, '.status.allowed');
  return rights.filter((_, index) => answers[index] === 'true');
}

/** For the report: `update certificatesigningrequests/approval`, `reference signers/own in foo`. */
export function describeRight({ verb, resource, subresource, name, namespace }: Right): string {
  const what = [resource, subresource, name].filter((part) => part !== undefined).join('/');
  return `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
