import { BoundedMap } from '../base/bounded-map.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import type { Logger } from '../base/logger.ts';
import type { SignerRequest } from './signing-backend.ts';

/** Finds out why a signer does not answer from what it says elsewhere: events, its issuer's state. */
export interface SignerExplanations {
  /** Undefined when there is nothing to be found. May throw. */
  explain(request: SignerRequest, signal: AbortSignal): Promise<string | undefined>;
}

export interface StalledRequestDiagnosisOptions {
  readonly explanations: SignerExplanations | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a request may wait before the reason is looked for, in milliseconds; 3 s where absent. */
  readonly afterMs?: number;
}

interface Finding {
  readonly at: number;
  readonly text: Promise<string | undefined>;
}

const lookMs = 500;
/** One look is good for everybody who waits for that signer. */
const freshMs = 5_000;
const maxSigners = 1_024;
const maxTextLength = 300;

/**
 * Looks for the reason why a request is stalled while its callers still wait, since no time is left to
 * look for it at the end. The text is the signer's own: it is for the log, never for a client.
 */
export class StalledRequestDiagnosis {
  readonly #options: StalledRequestDiagnosisOptions;
  readonly #findings = new BoundedMap<Finding>(maxSigners);

  constructor(options: StalledRequestDiagnosisOptions) {
    this.#options = options;
  }

  /** Calls `tell` at most once, if there is an explanation before the returned function is called. */
  watch(request: SignerRequest, tell: (text: string) => void): () => void {
    const { clock, explanations, afterMs = 3_000 } = this.#options;
    if (explanations === undefined) return () => undefined;
    let isOver = false;
    const timer = clock.timer(afterMs, () => {
      void this.#find(request, explanations).then((text) => {
        if (text !== undefined && !isOver) tell(text);
      });
    });
    return () => {
      isOver = true;
      timer.cancel();
    };
  }

  #find(request: SignerRequest, explanations: SignerExplanations): Promise<string | undefined> {
    const { signerName } = request;
    const now = this.#options.clock.monotonic();
    const known = this.#findings.get(signerName);
    if (known !== undefined && now - known.at < freshMs) return known.text;
    const text = this.#look(request, explanations);
    this.#findings.set(signerName, { at: now, text });
    return text;
  }

  async #look(
    request: SignerRequest,
    explanations: SignerExplanations,
  ): Promise<string | undefined> {
    const { clock, log } = this.#options;
    const reason = (): Error => new Error('there was no time for an explanation');
    try {
      const text = await withDeadline({ clock, ms: lookMs, reason }, (signal) =>
        explanations.explain(request, signal),
      );
      return text === undefined ? undefined : sanitized(text);
    } catch (error) {
      log.debug('why the signer is silent was not found', { signer: request.signerName, error });
      return undefined;
    }
  }
}

/** One line of visible characters: whoever writes events may write anything. */
function sanitized(text: string): string {
  const visible = text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ').trim();
  return visible.length > maxTextLength ? `${visible.slice(0, maxTextLength)}…` : visible;
}
