import type { RequestPlan } from './request-plan.ts';

interface CallFailure {
  /** The name of the gRPC status. */
  readonly code: string;
  readonly message: string;
}

/** What was asked of whom. */
type AskedPlan = Pick<RequestPlan, 'address' | 'serverName' | 'identity' | 'certSigner'>;

/** What somebody can do about a call that ended so; undefined where the message says it already. */
export function adviceFor(failure: CallFailure, plan: AskedPlan): string | undefined {
  switch (failure.code) {
    case 'UNAVAILABLE':
      return connectionAdvice(failure.message, plan);
    case 'UNAUTHENTICATED':
      return 'see that --token names one with audience istio-ca that has not ended ("kubectl create token <account> --audience istio-ca" makes one), and --cluster-id its cluster';
    case 'PERMISSION_DENIED':
    case 'FAILED_PRECONDITION':
      return signerAdvice(plan);
    case 'INVALID_ARGUMENT':
      return 'change --identity, --ttl or --key to what the authority accepts; its log says more under the id of the request';
    case 'RESOURCE_EXHAUSTED':
      return 'too many ask at the same time: try again in a moment';
    case 'DEADLINE_EXCEEDED':
      return 'wait longer with --timeout, or see in the log of the authority and of the signer what keeps them';
    case 'UNIMPLEMENTED':
      return `what answers on ${plan.address} serves no certificates: name the address of istio-ra with --address`;
    default:
      return undefined;
  }
}

function connectionAdvice(message: string, { address, serverName }: AskedPlan): string {
  if (message.includes('ECONNREFUSED')) {
    return `nothing listens on ${address}: start it, or name where it listens with --address ("kubectl port-forward -n istio-system service/istio-ra 15012" brings one here)`;
  }
  if (/resolution failed|ENOTFOUND|EAI_AGAIN/i.test(message)) {
    return `there is no host ${hostOf(address)}: name another with --address`;
  }
  if (/wrong version number|packet length too long/.test(message)) {
    return `what listens on ${address} does not speak TLS: name the port of istio-ra that does (15012) with --address`;
  }
  if (/altnames|does not match/i.test(message)) {
    return `the certificate on ${address} is not for ${serverName ?? hostOf(address)}: name a host that it is for with --server-name, such as istiod.istio-system.svc`;
  }
  if (/self.signed|unable to (get|verify)|certificate/i.test(message)) {
    return `the certificate on ${address} does not lead to the roots of --root: name the file of the authority's own roots`;
  }
  return `see that istio-ra serves on ${address} and is ready, and try again`;
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

const workload = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/;

function signerAdvice({ identity, certSigner }: AskedPlan): string {
  const [, namespace = '<namespace>', account = '<account>'] = workload.exec(identity ?? '') ?? [];
  const signer = certSigner === '' ? '' : ` --signer ${certSigner}`;
  return `"istio-ra explain -n ${namespace} -s ${account}${signer}" says which signer this workload gets, and why`;
}
