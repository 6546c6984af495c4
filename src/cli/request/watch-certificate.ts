import type { Random } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { CommandEnvironment } from '../terminal.ts';
import { writeCertificate } from './certificate-folder.ts';
import { renewCertificate } from './renew-certificate.ts';
import type { FailureFacts, RenewalOptions, RenewedCertificate } from './renew-certificate.ts';
import { failureEvent, failureLine, keptEvent, keptLine } from './certificate-report.ts';
import type { ToldFailure } from './certificate-report.ts';
import type { RequestPlan } from './request-plan.ts';

export interface WatchOptions extends Pick<RenewalOptions, 'obtain' | 'isRetried'> {
  readonly plan: RequestPlan;
  readonly environment: CommandEnvironment;
  readonly describe: (error: unknown) => ToldFailure;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Keeps a certificate renewed as istio-agent does, leaves each one in the plan's folder, and tells of
 * it in a line. Resolves when `signal` aborts; throws as `renewCertificate` does.
 */
export function watchCertificate(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { plan, obtain, isRetried, clock, random } = options;
  return renewCertificate(
    {
      obtain,
      isRetried,
      clock,
      random,
      gracePeriod: plan.gracePeriod,
      use: (kept) => use(kept, options),
      onFailure: (error, facts) => {
        tellFailure(error, facts, options);
      },
    },
    signal,
  );
}

async function use(kept: RenewedCertificate, { plan, environment }: WatchOptions): Promise<void> {
  const { folder, form, isQuiet } = plan;
  if (folder !== undefined) await writeCertificate(folder, kept);
  if (form === 'json') environment.out.write(keptEvent(kept, folder));
  else if (!isQuiet) environment.out.write(keptLine(kept));
}

function tellFailure(
  error: unknown,
  facts: FailureFacts,
  { plan, environment, describe, clock }: WatchOptions,
): void {
  const failure = describe(error);
  environment.err.write(`istio-ra: ${failureLine(failure, facts)}\n`);
  if (plan.form !== 'json') return;
  environment.out.write(failureEvent(failure, { ...facts, time: clock.now() }));
}
