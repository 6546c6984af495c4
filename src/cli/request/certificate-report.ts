import { plainTime } from '../plain-time.ts';
import { certificateFiles } from './certificate-folder.ts';
import type { FailureFacts, RenewedCertificate } from './renew-certificate.ts';

/** A line for people: which certificate is in use now, until when, and when the next one is asked for. */
export function keptLine({ isFirst, leaf, renewalAt }: RenewedCertificate): string {
  const what = isFirst ? 'issued ' : 'renewed';
  const until = plainTime(leaf.notAfter);
  return `${what}  serial ${leaf.serialNumber}  valid until ${until}  next renewal ${plainTime(renewalAt)}\n`;
}

/** The same for programs: one JSON document in one line. */
export function keptEvent(kept: RenewedCertificate, folder: string | undefined): string {
  const { isFirst, identity, leaf, renewalAt, obtainedAt } = kept;
  return jsonLine({
    event: isFirst ? 'issued' : 'renewed',
    time: plainTime(obtainedAt),
    identity,
    serialNumber: leaf.serialNumber,
    notBefore: plainTime(leaf.notBefore),
    notAfter: plainTime(leaf.notAfter),
    nextRenewal: plainTime(renewalAt),
    ...(folder === undefined ? {} : { folder }),
  });
}

export interface ToldFailure {
  /** Such as the name of a gRPC status. */
  readonly code: string;
  readonly message: string;
}

/** A line for people: what went wrong, when it is tried again, and what is in use meanwhile. */
export function failureLine(
  { code, message }: ToldFailure,
  { retryInMs, held }: FailureFacts,
): string {
  const again = `trying again in ${(retryInMs / 1000).toFixed(1)} s`;
  const meanwhile =
    held === undefined
      ? 'there is no certificate yet'
      : `the one in use is valid until ${plainTime(held.leaf.notAfter)}`;
  return `${code}: ${message}; ${again}, ${meanwhile}`;
}

/** The same for programs. */
export function failureEvent(
  { code, message }: ToldFailure,
  { time, retryInMs, held }: FailureFacts & { readonly time: number },
): string {
  return jsonLine({
    event: 'failed',
    time: plainTime(time),
    code,
    message,
    retryInMs: Math.round(retryInMs),
    ...(held === undefined ? {} : { notAfter: plainTime(held.leaf.notAfter) }),
  });
}

function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** What was left in a folder, for people. */
export function filesLine(folder: string): string {
  const [key, chain, roots] = certificateFiles;
  return `wrote ${key}, ${chain} and ${roots} to ${folder}\n`;
}
