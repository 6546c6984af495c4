import { assertNever } from '../../base/assert-never.ts';
import { callerHints } from '../../base/error-table.ts';
import type { RequestPlan } from './request-plan.ts';

interface CallFailure {
  /** The name of the gRPC status. */
  readonly code: string;
  readonly message: string;
}

/** What was asked of whom. */
type AskedPlan = Pick<RequestPlan, 'address' | 'serverName' | 'identity' | 'certSigner'>;

type CallerHint = (typeof callerHints)[keyof typeof callerHints];

/** What somebody can do about a call that ended so; undefined where the message says it already. */
export function adviceFor(failure: CallFailure, plan: AskedPlan): string | undefined {
  // Answered by a gRPC server that is no certificate authority, and by no code of ours.
  if (failure.code === 'UNIMPLEMENTED') {
    return `what answers on ${plan.address} serves no certificates: name the address of istio-ra with --address`;
  }
  const hint = (callerHints as Readonly<Record<string, CallerHint>>)[failure.code];
  switch (hint) {
    case 'connection':
      return connectionAdvice(failure.message, plan);
    case 'token':
      return 'see that --token names one with audience istio-ca that has not ended ("kubectl create token <account> --audience istio-ca" makes one), and --cluster-id its cluster';
    case 'signer':
      return signerAdvice(plan);
    case 'request':
      return 'change --identity, --ttl or --key to what the authority accepts; its log says more under the id of the request';
    case 'later':
      return 'too many ask at the same time: try again in a moment';
    case 'timeout':
      return 'wait longer with --timeout, or see in the log of the authority and of the signer what keeps them';
    case 'none':
    case undefined:
      return undefined;
    default:
      return assertNever(hint);
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
