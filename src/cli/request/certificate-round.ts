import type { Random } from '../../base/backoff.ts';
import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import type { Certificate } from '../../pki/certificate.ts';
import type { KeyAlgorithm } from '../../pki/key-algorithm.ts';
import { makeKeyAndRequest, verifyAnswer } from '../workload.ts';

/** A certificate that was asked for and verified, with all that a workload needs to use it. */
export interface ObtainedCertificate {
  readonly identity: string;
  readonly privateKeyPem: string;
  /** The answer's elements; the last one holds the roots to trust. */
  readonly chain: readonly string[];
  readonly leaf: Pick<Certificate, 'serialNumber' | 'notBefore' | 'notAfter'>;
  /** Epoch milliseconds. */
  readonly obtainedAt: number;
}

export interface RoundOptions {
  readonly identity: string;
  readonly key: KeyAlgorithm;
  /** Asks the authority once, as whoever the token's file names by then. */
  readonly ask: (csrPem: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** Whether what was thrown may be over a moment later. */
  readonly isRetried: (error: unknown) => boolean;
  /** How many more times to ask after an answer that is retried. */
  readonly retries: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** As istio-agent has them (RetryOptions in Istio's security/pkg/nodeagent/caclient). */
export const agentRetries = 5;
const firstRetryMs = 100;
const retryJitter = 0.1;

/**
 * Makes a key and a CSR and has it signed. Retries send the same CSR, so that the authority can give
 * what it has signed already. Throws what `ask` throws, or UnusableAnswerError.
 */
export async function obtainCertificate(
  options: RoundOptions,
  signal: AbortSignal,
): Promise<ObtainedCertificate> {
  const { identity, key, clock } = options;
  const { csrPem, privateKeyPem, spkiDer } = await makeKeyAndRequest(identity, key);
  const chain = await askAndRetry(csrPem, options, signal);
  const obtainedAt = clock.now();
  const leaf = verifyAnswer(chain, { identity, spkiDer, now: obtainedAt });
  return { identity, privateKeyPem, chain, leaf, obtainedAt };
}

async function askAndRetry(
  csrPem: string,
  { ask, isRetried, retries, clock, random }: RoundOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await ask(csrPem, signal);
    } catch (error) {
      if (signal.aborted || retry >= retries || !isRetried(error)) throw error;
    }
    const jittered = 1 + retryJitter * (2 * random() - 1);
    await sleep(clock, firstRetryMs * 2 ** retry * jittered, signal);
  }
}
