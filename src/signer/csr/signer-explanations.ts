import type { Logger } from '../../base/logger.ts';
import { printable } from '../../base/logger.ts';
import type { IssuerStatus, IssuerStatuses } from '../../kube/issuers.ts';
import type { RequestEvents } from '../../kube/request-events.ts';
import type { SignerRequest } from '../signing-backend.ts';
import type { SignerExplanations } from '../stalled-request-diagnosis.ts';

export interface KubernetesSignerExplanationsOptions {
  readonly issuers: IssuerStatuses;
  readonly events: RequestEvents;
  readonly log: Logger;
}

/** The longest text of each of the two parts, so that a talkative one leaves room for the other. */
const maxPartLength = 140;

/** Explains a stalled request by what the signer's issuer says of itself, and by the request's events. */
export class KubernetesSignerExplanations implements SignerExplanations {
  readonly #options: KubernetesSignerExplanationsOptions;

  constructor(options: KubernetesSignerExplanationsOptions) {
    this.#options = options;
  }

  /** What could be found; a part that may not be read, or cannot, is left out. Never rejects. */
  async explain(request: SignerRequest, signal: AbortSignal): Promise<string | undefined> {
    const { issuers, events } = this.#options;
    const parts = await Promise.all([
      this.#found(request, issuers.read(request.signerName, signal).then(explainIssuer)),
      this.#found(request, events.latest(request, signal)),
    ]);
    const told = parts.filter((part) => part !== undefined && part !== '');
    return told.length === 0 ? undefined : told.join('; ');
  }

  async #found(
    { signerName }: SignerRequest,
    part: Promise<string | undefined>,
  ): Promise<string | undefined> {
    try {
      const text = await part;
      return text === undefined ? undefined : printable(text, maxPartLength);
    } catch (error) {
      // Both rights are optional; the request waits with or without an explanation.
      this.#options.log.debug('a part of the explanation is missing', { signerName, error });
      return undefined;
    }
  }
}

function explainIssuer(status: IssuerStatus | undefined): string | undefined {
  if (status === undefined || status.ready === 'True') return undefined;
  const { kind, namespace, name, reason, message } = status;
  const issuer = `issuer ${kind}/${namespace === undefined ? '' : `${namespace}/`}${name}`;
  if (reason === 'NotFound') return `${issuer} does not exist`;
  const why = [reason, message].filter((part) => part !== '').join(': ');
  return why === '' ? `${issuer} is not ready` : `${issuer} is not ready: ${why}`;
}
