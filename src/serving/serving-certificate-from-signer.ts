import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error-message.ts';
import type { Logger } from '../base/logger.ts';
import { jittered } from './renewal-due.ts';
import { RenewalLoop } from './renewal-loop.ts';
import { CurrentCertificate } from './serving-certificate-source.ts';
import type { ServedCertificate, ServingCertificateSource } from './serving-certificate-source.ts';
import type {
  IssuedServingCertificate,
  ServingCertificateIssuer,
} from './serving-certificate-issuer.ts';

export interface ServingCertificateFromSignerOptions {
  readonly issuer: Pick<ServingCertificateIssuer, 'issue' | 'hasRoot'>;
  readonly dnsNames: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * The serving certificate from a signer, renewed when half its life is over and at once when its root
 * leaves the mesh config. Without the signer the old one goes on being served, to its end.
 *
 * Divergence: istiod ends itself when the signer is down at its start or while a root changes, and
 * asks without a pause when a renewal fails.
 */
export class ServingCertificateFromSigner implements ServingCertificateSource {
  readonly name = 'serving-certificate';
  readonly #options: ServingCertificateFromSignerOptions;
  readonly #slot: CurrentCertificate;
  readonly #loop: RenewalLoop;
  #issued: IssuedServingCertificate | undefined;
  #dueAt = 0;
  #problem: string | undefined;

  constructor(options: ServingCertificateFromSignerOptions) {
    this.#options = options;
    const { clock, random, log } = options;
    this.#slot = new CurrentCertificate(log);
    this.#loop = new RenewalLoop({
      isDue: () => this.#isDue(),
      renew: (signal) => this.#renew(signal),
      onFailure: (error, retryInMs) => {
        this.#report(error, retryInMs);
      },
      clock,
      random,
    });
  }

  get notAfter(): number | undefined {
    return this.#slot.current()?.notAfter;
  }

  /** Asks for the first one; until it is there `notReadyBecause` says why not. */
  start(): void {
    this.#loop.start();
  }

  current(): ServedCertificate | undefined {
    return this.#slot.current();
  }

  onChange(listener: (certificate: ServedCertificate) => void): void {
    this.#slot.onChange(listener);
  }

  notReadyBecause(): string | undefined {
    if (this.#issued !== undefined) return this.#slot.expiredAt(this.#options.clock.now());
    return `there is no serving certificate: ${this.#problem ?? 'the signer has not answered yet'}`;
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #isDue(): boolean {
    if (this.#issued === undefined) return true;
    const { issuer, clock } = this.#options;
    return clock.now() >= this.#dueAt || !issuer.hasRoot(this.#issued.anchorSha256);
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { issuer, dnsNames, clock, random } = this.#options;
    const issued = await issuer.issue(dnsNames, signal);
    this.#issued = issued;
    this.#dueAt = jittered(issued.dueAt, clock.now(), random);
    this.#problem = undefined;
    this.#slot.put(issued.served);
  }

  #report(error: unknown, retryInMs: number): void {
    this.#problem = messageOf(error);
    const { log } = this.#options;
    const until = this.notAfter;
    if (until === undefined) {
      log.warn('there is no serving certificate yet', { error, retryInMs });
      return;
    }
    const servedUntil = new Date(until).toISOString();
    log.warn('serving certificate not renewed, the old one stays', {
      error,
      retryInMs,
      servedUntil,
    });
  }
}
