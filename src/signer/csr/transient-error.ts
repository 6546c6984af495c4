import { KubeApiError } from '../../kube/api-error.ts';

/** The plural name, as errors of calls name it. */
export const csrResource = 'certificatesigningrequests';

/** What the API said, turned into an error that is worth another try, as `isTransient` has it. */
export function transientError(
  message: string,
  call: { readonly reason: string; readonly verb: string; readonly subresource?: string },
  cause: unknown,
): KubeApiError {
  const { reason, verb, subresource } = call;
  return new KubeApiError(message, {
    status: undefined,
    reason,
    verb,
    resource: subresource === undefined ? csrResource : `${csrResource}/${subresource}`,
    cause,
  });
}
