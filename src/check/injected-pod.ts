import { listAt, textAt, stringMapAt } from '../base/json.ts';
import type { Labels } from '../mesh/proxy-config.ts';

/** A pod with an agent that asks for certificates, and the signer that was written into it. */
export interface InjectedPod {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly labels: Labels;
  /** Empty: its agent asks for none. */
  readonly certSigner: string;
}

const signerVariable = 'ISTIO_META_CERT_SIGNER';
const agents = ['istio-proxy'];
const ended = ['Succeeded', 'Failed'];

/** Undefined for a pod that has no agent of Istio's in it, or is over. */
export function readInjectedPod(object: unknown): InjectedPod | undefined {
  const containers = [
    ...listAt(object, 'spec', 'containers'),
    ...listAt(object, 'spec', 'initContainers'),
  ];
  const agent = containers.find((container) => agents.includes(textAt(container, 'name')));
  if (agent === undefined || ended.includes(textAt(object, 'status', 'phase'))) return undefined;
  const signer = listAt(agent, 'env').find((one) => textAt(one, 'name') === signerVariable);
  return {
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name'),
    serviceAccount: textAt(object, 'spec', 'serviceAccountName') || 'default',
    labels: stringMapAt(object, 'metadata', 'labels'),
    certSigner: textAt(signer, 'value'),
  };
}
