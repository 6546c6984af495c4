/** What becomes of the mesh where a check fails; `info` is for what is only told. */
export type Severity = 'error' | 'warning' | 'info';

/** How one check ended, in words for a person. */
export type CheckVerdict =
  | { readonly kind: 'ok'; readonly text: string }
  | {
      readonly kind: 'failed';
      readonly text: string;
      /** What to do about it. */
      readonly fix: string;
      /** The check's own where absent. */
      readonly severity?: Severity | undefined;
    }
  | { readonly kind: 'skipped'; readonly because: string };

/** One thing that is looked at. */
export interface Check {
  /** Kebab case; also the anchor in docs/check.md. */
  readonly id: string;
  /** What of several it is about, such as one signer; absent where there is one of the kind. */
  readonly about?: string | undefined;
  readonly severity: Severity;
  /** How long it may take, in milliseconds; 5 s where absent. */
  readonly limitMs?: number;
  /**
   * Rejects where it cannot be told: an `UnknownFactError` and what the API forbids make it skipped,
   * everything else makes it failed.
   */
  readonly run: (signal: AbortSignal) => Promise<CheckVerdict> | CheckVerdict;
}

/** One check with its answer, ready for JSON. */
export interface CheckResult {
  readonly id: string;
  readonly about?: string | undefined;
  readonly severity: Severity;
  readonly verdict: CheckVerdict['kind'];
  readonly text: string;
  readonly fix?: string;
  readonly link: string;
}

export function ok(text: string): CheckVerdict {
  return { kind: 'ok', text };
}

export function failed(text: string, fix: string, severity?: Severity): CheckVerdict {
  return { kind: 'failed', text, fix, severity };
}

export function skipped(because: string): CheckVerdict {
  return { kind: 'skipped', because };
}

const maxListed = 10;

/** A list for a person: the first ten, and how many there are besides. */
export function listed(items: readonly string[]): string {
  const left = items.length - maxListed;
  const shown = items.slice(0, maxListed).join('; ');
  return left > 0 ? `${shown}; and ${left} more` : shown;
}
