import type { ReadinessCheck, Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { ServingIdentity } from '../server/credentials.ts';

/** What the server proves itself with, and what is worth knowing about it. Never log its key. */
export interface ServedCertificate extends ServingIdentity {
  /** Milliseconds since the Unix epoch, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly dnsNames: readonly string[];
  /** Hexadecimal. */
  readonly serialNumber: string;
}

/** Where the serving certificate comes from; it may be replaced at any time. */
export interface ServingCertificateSource extends ReadinessCheck, Stoppable {
  /** Undefined while there is none yet, and forever where somebody else ends TLS. */
  current(): ServedCertificate | undefined;
  /** Calls `listener` with every further certificate; not with the one that is current now. */
  onChange(listener: (certificate: ServedCertificate) => void): void;
  /** When the current one ends, in milliseconds since the Unix epoch: for metrics. */
  readonly notAfter: number | undefined;
}

/** The current certificate and those who want to know of the next. */
export class CurrentCertificate {
  readonly #log: Logger;
  readonly #listeners: ((certificate: ServedCertificate) => void)[] = [];
  #current: ServedCertificate | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  current(): ServedCertificate | undefined {
    return this.#current;
  }

  onChange(listener: (certificate: ServedCertificate) => void): void {
    this.#listeners.push(listener);
  }

  /** A listener that throws is reported and keeps nobody from going on. */
  put(certificate: ServedCertificate): void {
    this.#current = certificate;
    for (const listener of this.#listeners) {
      try {
        listener(certificate);
      } catch (error) {
        this.#log.error('the new serving certificate was not put to use', { error });
      }
    }
  }

  /** One sentence once the current certificate has ended; `now` in epoch milliseconds. */
  expiredAt(now: number): string | undefined {
    const notAfter = this.#current?.notAfter;
    if (notAfter === undefined || now <= notAfter) return undefined;
    return `the serving certificate expired at ${new Date(notAfter).toISOString()}`;
  }
}
