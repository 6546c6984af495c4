import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { callWithin } from '../base/deadline.ts';
import { messageOf } from '../base/error-message.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { managedByLabel, managedByValue } from '../kube/labels.ts';
import type { SecretObject, SecretWrites } from '../kube/secret-writes.ts';
import type { Leadership } from '../kube/leader-election.ts';
import { RenewalLoop } from './renewal-loop.ts';
import { readPair } from './certificate-pair.ts';
import type { ServedCertificate } from './serving-certificate-source.ts';
import type {
  IssuedServingCertificate,
  ServingCertificateIssuer,
} from './serving-certificate-issuer.ts';

export interface IstiodTlsSecretOptions {
  readonly secrets: SecretWrites;
  readonly namespace: string;
  readonly name: string;
  /** Those of every istiod in the namespace, without our own; undefined while they are not known. */
  readonly dnsNames: () => readonly string[] | undefined;
  /** What `ca.crt` is to hold, PEM; empty while it is not known. */
  readonly roots: () => string;
  readonly issuer: Pick<ServingCertificateIssuer, 'issue' | 'recheck' | 'hasRoot'>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** How long a Secret that was found to be right is taken to be so. */
const lookAgainMs = 60_000;
const callMs = 10_000;
const type = 'kubernetes.io/tls';

/**
 * The Secret with the serving certificate of every istiod in our namespace: it has the names, chain and
 * roots that it should, follows them as they change, and is renewed when half its life is over. Only the
 * leader writes it, and only one that istio-ra made; another's of that name is reported and left alone.
 */
export class IstiodTlsSecret implements Stoppable {
  readonly #options: IstiodTlsSecretOptions;
  readonly #loop: RenewalLoop;
  /** What was found or written last, while this replica has led; undefined: not looked at yet. */
  #seen:
    | {
        readonly at: number;
        readonly roots: string;
        readonly dnsNames: string;
        readonly dueAt: number;
      }
    | undefined;
  /** Issued, and not yet in the Secret. */
  #unwritten: { readonly issued: IssuedServingCertificate; readonly dnsNames: string } | undefined;
  /** The uid of the Secret of others that was reported. */
  #reported: string | undefined;

  constructor(options: IstiodTlsSecretOptions) {
    this.#options = options;
    const { clock, random, log, namespace, name, leadership } = options;
    this.#loop = new RenewalLoop({
      isDue: () => this.#isDue(),
      renew: (signal) => this.#keep(signal),
      onFailure: (error, retryInMs) => {
        log.warn('the Secret for istiod was not kept up', { namespace, name, error, retryInMs });
      },
      clock,
      random,
    });
    // Another leader may have written meanwhile.
    leadership.onChange(() => {
      this.#seen = undefined;
    });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #isDue(): boolean {
    const { leadership, clock, roots, dnsNames } = this.#options;
    if (!leadership.isLeader) return false;
    const seen = this.#seen;
    if (roots() !== seen?.roots || dnsNames()?.join() !== seen.dnsNames) return true;
    return clock.monotonic() - seen.at >= lookAgainMs || clock.now() >= seen.dueAt;
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { secrets, namespace, name, roots, dnsNames: namesNow } = this.#options;
    const bundle = roots();
    if (bundle.trim() === '') throw new Error('the roots for ca.crt are not known yet');
    const dnsNames = namesNow();
    if (dnsNames === undefined) throw new Error('the Services of istiod are not known yet');
    const wanted = { bundle, dnsNames };
    const found = await this.#limited(signal, (limited) => secrets.read(namespace, name, limited));
    if (found !== undefined && !isOurs(found)) {
      this.#leaveAlone(found, wanted);
      return;
    }
    const good = found === undefined ? undefined : this.#goodPart(found, dnsNames);
    const issued = good ?? (await this.#newOne(dnsNames, signal));
    const isComplete = found?.data['ca.crt'] === bundle;
    if (good !== issued || !isComplete) await this.#write(issued.served, bundle, signal);
    this.#remember(wanted, issued.dueAt);
  }

  /** The certificate of a Secret of ours, unless it must be replaced. */
  #goodPart(
    { data }: SecretObject,
    dnsNames: readonly string[],
  ): IssuedServingCertificate | undefined {
    const { issuer, log, namespace, name } = this.#options;
    try {
      const { served, leaf } = readPair({
        certificateChainPem: data['tls.crt'] ?? '',
        privateKeyPem: data['tls.key'] ?? '',
      });
      return issuer.recheck(served, leaf.spkiDer, dnsNames);
    } catch (error) {
      const because = messageOf(error);
      log.info('the certificate in the Secret for istiod is replaced', {
        namespace,
        name,
        because,
      });
      return undefined;
    }
  }

  /** One that could not be written is kept for the next try: signers count what they sign. */
  async #newOne(
    dnsNames: readonly string[],
    signal: AbortSignal,
  ): Promise<IssuedServingCertificate> {
    const { issuer, clock } = this.#options;
    const { issued: kept, dnsNames: named } = this.#unwritten ?? {};
    const isForThem = kept !== undefined && named === dnsNames.join();
    if (isForThem && clock.now() < kept.dueAt && issuer.hasRoot(kept.anchorSha256)) return kept;
    const issued = await issuer.issue(dnsNames, signal);
    this.#unwritten = { issued, dnsNames: dnsNames.join() };
    return issued;
  }

  async #write(
    { certificateChainPem, privateKeyPem }: ServedCertificate,
    bundle: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { secrets, namespace, name, leadership, log } = this.#options;
    if (!leadership.isLeader) throw new Error('another replica leads now');
    const data = { 'tls.crt': certificateChainPem, 'tls.key': privateKeyPem, 'ca.crt': bundle };
    const labels = { [managedByLabel]: managedByValue };
    const secret = { namespace, name, type, labels, data };
    await this.#limited(signal, (limited) => secrets.apply(secret, limited));
    this.#unwritten = undefined;
    log.info('the Secret for istiod was written', { namespace, name });
  }

  #leaveAlone({ uid }: SecretObject, wanted: Wanted): void {
    const { namespace, name, log } = this.#options;
    this.#remember(wanted, Infinity);
    if (this.#reported === uid) return;
    this.#reported = uid;
    log.error(
      'the Secret for istiod was made by somebody else, or as another type, and is left as it is: ' +
        'delete it, or set ISTIOD_TLS_SECRET to another name',
      { namespace, name },
    );
  }

  #remember({ bundle: roots, dnsNames }: Wanted, dueAt: number): void {
    const at = this.#options.clock.monotonic();
    this.#seen = { at, roots, dnsNames: dnsNames.join(), dueAt };
  }

  #limited<T>(parent: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const reason = (): Error => new Error('the API server took too long');
    return callWithin({ clock: this.#options.clock, ms: callMs, parent, reason }, call);
  }
}

/** What the Secret is to hold. */
interface Wanted {
  readonly bundle: string;
  readonly dnsNames: readonly string[];
}

/** The API changes no Secret's type, so that one of another type cannot be made right. */
function isOurs({ labels, type: found }: SecretObject): boolean {
  return labels[managedByLabel] === managedByValue && found === type;
}
