import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/error-message.ts';
import type { Logger } from '../base/logger.ts';
import type { ServingIdentity } from '../server/credentials.ts';
import { readPair } from './certificate-pair.ts';
import { CurrentCertificate } from './serving-certificate-source.ts';
import type { ServedCertificate, ServingCertificateSource } from './serving-certificate-source.ts';

/** As often as WatchedFile: a mounted Secret changes by a symbolic link, unseen by fs.watch. */
const lookMs = 2_000;

export interface ServingCertificateFromFilesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The serving certificate from a pair of files, looked at every two seconds. The files change one
 * after the other, so what does not fit together is reported once and looked at again, and the last
 * good pair stays. One that has expired never replaces one that has not.
 */
export class ServingCertificateFromFiles implements ServingCertificateSource {
  readonly name = 'serving-certificate';
  readonly #options: ServingCertificateFromFilesOptions;
  readonly #slot: CurrentCertificate;
  /** Of the files that the current pair was read from. */
  #digest = '';
  /** What was reported last; undefined once the files hold the pair in use. */
  #reported: string | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  private constructor(options: ServingCertificateFromFilesOptions) {
    this.#options = options;
    this.#slot = new CurrentCertificate(options.log);
  }

  /** Throws naming the flag when a file cannot be read, and when the two cannot be used. */
  static async open(
    options: ServingCertificateFromFilesOptions,
  ): Promise<ServingCertificateFromFiles> {
    const files = new ServingCertificateFromFiles(options);
    const identity = await readFiles(options);
    try {
      files.#take(identity, digestOf(identity));
    } catch (cause) {
      const problem = messageOf(cause);
      const which = 'the files that --tlsCertFile and --tlsKeyFile name';
      throw new Error(`cannot use ${which}: ${problem}`, { cause });
    }
    files.#schedule();
    return files;
  }

  get notAfter(): number | undefined {
    return this.#slot.current()?.notAfter;
  }

  current(): ServedCertificate | undefined {
    return this.#slot.current();
  }

  onChange(listener: (certificate: ServedCertificate) => void): void {
    this.#slot.onChange(listener);
  }

  notReadyBecause(): string | undefined {
    return this.#slot.expiredAt(this.#options.clock.now());
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    return Promise.resolve();
  }

  #schedule(): void {
    this.#timer = this.#options.clock.timer(lookMs, () => {
      void this.#look().finally(() => {
        if (!this.#stopped) this.#schedule();
      });
    });
  }

  async #look(): Promise<void> {
    let digest = '';
    try {
      const identity = await readFiles(this.#options);
      digest = digestOf(identity);
      if (digest !== this.#digest) this.#replace(identity, digest);
      this.#reported = undefined;
    } catch (error) {
      const problem = `${digest} ${String(error)}`;
      if (problem === this.#reported) return;
      this.#reported = problem;
      this.#options.log.warn('serving certificate not replaced, the last good one stays', {
        error,
      });
    }
  }

  #replace(identity: ServingIdentity, digest: string): void {
    const served = this.#take(identity, digest);
    const { dnsNames, serialNumber, notAfter } = served;
    const until = new Date(notAfter).toISOString();
    this.#options.log.info('serving certificate replaced', { dnsNames, serialNumber, until });
  }

  #take(identity: ServingIdentity, digest: string): ServedCertificate {
    const { clock, log } = this.#options;
    const { served } = readPair(identity);
    const now = clock.now();
    const inUse = this.#slot.current();
    if (served.notAfter < now && inUse !== undefined && inUse.notAfter >= now) {
      throw new Error('the certificate in the files has expired');
    }
    if (served.dnsNames.length === 0) {
      log.warn('the serving certificate has no DNS name, so that clients will not accept it');
    }
    this.#slot.put(served);
    this.#digest = digest;
    return served;
  }
}

async function readFiles(options: ServingCertificateFromFilesOptions): Promise<ServingIdentity> {
  return {
    certificateChainPem: await read(options.certFile, '--tlsCertFile'),
    privateKeyPem: await read(options.keyFile, '--tlsKeyFile'),
  };
}

async function read(path: string, flag: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const problem = messageOf(cause);
    throw new Error(`cannot read the file that ${flag} names: ${problem}`, { cause });
  }
}

function digestOf({ certificateChainPem, privateKeyPem }: ServingIdentity): string {
  const hash = createHash('sha256').update(certificateChainPem).update('\0');
  return hash.update(privateKeyPem).digest('hex');
}
