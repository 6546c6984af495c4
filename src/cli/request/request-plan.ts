import { parseGoDuration } from '../../base/go-duration.ts';
import type { KeyAlgorithm } from '../../pki/key-algorithm.ts';
import { checkHostPort } from '../host-port.ts';
import { UsageError } from '../workspace.ts';
import type { GracePeriod } from './renewal-time.ts';

/** What was typed after `istio-ra request`. */
export interface RequestFlags {
  readonly address: string;
  readonly root: string;
  readonly serverName?: string;
  readonly token?: string;
  readonly identity?: string;
  readonly trustDomain: string;
  readonly signer?: string;
  readonly impersonate?: string;
  readonly clusterId?: string;
  readonly ttl: string;
  readonly key: KeyAlgorithm;
  readonly timeout: string;
  readonly output: 'table' | 'json' | 'dir';
  readonly out: string;
  readonly outDir?: string;
  readonly quiet?: true;
  readonly watch?: true;
  readonly gracePeriodRatio: string;
  readonly gracePeriodRatioJitter: string;
}

/** The same, once it was found to make sense. */
export interface RequestPlan extends Pick<
  RequestFlags,
  | 'address'
  | 'root'
  | 'serverName'
  | 'token'
  | 'identity'
  | 'trustDomain'
  | 'impersonate'
  | 'clusterId'
  | 'key'
> {
  /** As agents send it: the key is always there, empty where nothing is configured. */
  readonly certSigner: string;
  readonly validitySeconds: number;
  readonly deadlineMs: number;
  readonly gracePeriod: GracePeriod;
  /** Where files are left, if anywhere. */
  readonly folder: string | undefined;
  readonly form: 'table' | 'json' | 'files';
  readonly isQuiet: boolean;
}

/** Throws UsageError where a flag cannot be used. */
export function parseRequestFlags(flags: RequestFlags): RequestPlan {
  const { address, root, serverName, trustDomain, clusterId, impersonate, key, output } = flags;
  checkHostPort(address, '--address', '127.0.0.1:15012');
  return {
    address,
    root,
    trustDomain,
    key,
    ...(serverName === undefined ? {} : { serverName }),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(impersonate === undefined ? {} : { impersonate }),
    ...callerOf(flags),
    certSigner: flags.signer ?? '',
    validitySeconds: Math.floor(durationMs(flags.ttl, '--ttl') / 1000),
    deadlineMs: durationMs(flags.timeout, '--timeout'),
    gracePeriod: {
      ratio: share(flags.gracePeriodRatio, '--grace-period-ratio'),
      jitter: share(flags.gracePeriodRatioJitter, '--grace-period-ratio-jitter'),
    },
    folder: flags.outDir ?? (output === 'dir' ? flags.out : undefined),
    form: output === 'dir' ? 'files' : output,
    isQuiet: flags.quiet === true,
  };
}

function callerOf({
  token,
  identity,
  impersonate,
}: RequestFlags): Pick<RequestPlan, 'token' | 'identity'> {
  const named = identity ?? impersonate;
  if (token === undefined && named === undefined) {
    throw new UsageError(
      'nobody is named to ask for: give a token of the workload with --token, or the identity with --identity',
    );
  }
  return {
    ...(token === undefined ? {} : { token }),
    ...(named === undefined ? {} : { identity: named }),
  };
}

function durationMs(text: string, flag: string): number {
  try {
    return parseGoDuration(text);
  } catch (cause) {
    throw new UsageError(`${flag} ${(cause as Error).message}`, { cause });
  }
}

function share(text: string, flag: string): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (number <= 1) return number;
  throw new UsageError(`${flag} must be a share from 0 to 1, such as 0.5`);
}
