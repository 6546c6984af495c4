import { connectKubernetes } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import type { KubernetesApi } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { anAccess } from './loopback-api.ts';

export const never = new AbortController().signal;

/** The adapters, over the server at `url`. */
export function connectTo(url: string): KubernetesApi {
  return connectKubernetes({
    access: anAccess(url),
    clock: new FakeClock(),
    userAgent: 'istio-ra/test',
  });
}
