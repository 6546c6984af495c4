import type { Random } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { SecretObject, SecretWrites } from '../../kube/secret-writes.ts';
import { managedByLabel, managedByValue } from '../../signer/request-draft.ts';
import type { Leadership } from '../../kube/leader-election.ts';
import { RenewalLoop } from './renewal-loop.ts';
import { readPair } from './served-certificate.ts';
import type { ServedCertificate } from './serving-certificate-source.ts';
import type {
  IssuedServingCertificate,
  ServingCertificateIssuer,
} from './serving-certificate-issuer.ts';

export interface IstiodTlsSecretOptions {
  readonly secrets: SecretWrites;
  readonly namespace: string;
  readonly name: string;
  /** Those of istiod, without our own. */
  readonly dnsNames: readonly string[];
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
 * The Secret with a serving certificate for an istiod that runs beside us: it has the names, chain and
 * roots that it should, and is renewed when half its life is over. Only the leader writes it, and only
 * one that istio-ra made; another's of that name is reported and left alone.
 */
export class IstiodTlsSecret implements Stoppable {
  readonly #options: IstiodTlsSecretOptions;
  readonly #loop: RenewalLoop;
  /** What was found or written last, while this replica has led; undefined: not looked at yet. */
  #seen: { readonly at: number; readonly roots: string; readonly dueAt: number } | undefined;
  /** Issued, and not yet in the Secret. */
  #unwritten: IssuedServingCertificate | undefined;
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
    const { leadership, clock, roots } = this.#options;
    if (!leadership.isLeader) return false;
    const seen = this.#seen;
    if (roots() !== seen?.roots) return true;
    return clock.monotonic() - seen.at >= lookAgainMs || clock.now() >= seen.dueAt;
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { secrets, namespace, name, roots } = this.#options;
    const bundle = roots();
    if (bundle.trim() === '') throw new Error('the roots for ca.crt are not known yet');
    const found = await this.#limited(signal, (limited) => secrets.read(namespace, name, limited));
    if (found !== undefined && !isOurs(found)) {
      this.#leaveAlone(found, bundle);
      return;
    }
    const good = found === undefined ? undefined : this.#goodPart(found);
    const issued = good ?? (await this.#newOne(signal));
    const isComplete = found?.data['ca.crt'] === bundle;
    if (good !== issued || !isComplete) await this.#write(issued.served, bundle, signal);
    this.#remember(bundle, issued.dueAt);
  }

  /** The certificate of a Secret of ours, unless it must be replaced. */
  #goodPart({ data }: SecretObject): IssuedServingCertificate | undefined {
    const { issuer, dnsNames, log, namespace, name } = this.#options;
    try {
      const { served, leaf } = readPair({
        certificateChainPem: data['tls.crt'] ?? '',
        privateKeyPem: data['tls.key'] ?? '',
      });
      return issuer.recheck(served, leaf.spkiDer, dnsNames);
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      log.info('the certificate in the Secret for istiod is replaced', {
        namespace,
        name,
        because,
      });
      return undefined;
    }
  }

  /** One that could not be written is kept for the next try: signers count what they sign. */
  async #newOne(signal: AbortSignal): Promise<IssuedServingCertificate> {
    const { issuer, dnsNames, clock } = this.#options;
    const kept = this.#unwritten;
    if (kept !== undefined && clock.now() < kept.dueAt && issuer.hasRoot(kept.anchorSha256)) {
      return kept;
    }
    const issued = await issuer.issue(dnsNames, signal);
    this.#unwritten = issued;
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

  #leaveAlone({ uid }: SecretObject, bundle: string): void {
    const { namespace, name, log } = this.#options;
    this.#remember(bundle, Infinity);
    if (this.#reported === uid) return;
    this.#reported = uid;
    log.error(
      'the Secret for istiod was made by somebody else, or as another type, and is left as it is: ' +
        'delete it, or set ISTIOD_TLS_SECRET to another name',
      { namespace, name },
    );
  }

  #remember(roots: string, dueAt: number): void {
    this.#seen = { at: this.#options.clock.monotonic(), roots, dueAt };
  }

  #limited<T>(parent: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const reason = (): Error => new Error('the API server took too long');
    return withDeadline({ clock: this.#options.clock, ms: callMs, parent, reason }, call);
  }
}

/** The API changes no Secret's type, so that one of another type cannot be made right. */
function isOurs({ labels, type: found }: SecretObject): boolean {
  return labels[managedByLabel] === managedByValue && found === type;
}
