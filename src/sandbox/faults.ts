/** What a call, a watch or a signing is about, for a fault to recognise. */
export interface FaultFacts {
  readonly verb?: string | undefined;
  readonly resource?: string | undefined;
  readonly subresource?: string | undefined;
  readonly signerName?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly user?: string | undefined;
}

export interface FaultOptions extends FaultFacts {
  /** How many times the fault strikes; until it is cleared where absent. */
  readonly count?: number;
}

/** A fault that was switched on. */
export interface ActiveFault {
  /** How often it has struck. */
  readonly strikes: number;
  clear(): void;
}

interface Armed<F> {
  readonly fault: F;
  readonly options: FaultOptions;
  strikes: number;
}

/**
 * Switches of one kind. The fault that was set last is asked first; a fact that the options name
 * must be equal, one that they leave out may be anything.
 */
export class FaultBoard<F> {
  #armed: Armed<F>[] = [];
  readonly #onSet = new Set<(fault: F) => void>();
  readonly #onClear = new Set<() => void>();

  set(fault: F, options: FaultOptions = {}): ActiveFault {
    const armed: Armed<F> = { fault, options, strikes: 0 };
    this.#armed.unshift(armed);
    for (const listener of [...this.#onSet]) listener(fault);
    return {
      get strikes() {
        return armed.strikes;
      },
      clear: () => {
        this.#armed = this.#armed.filter((other) => other !== armed);
        this.#announceClear();
      },
    };
  }

  clear(): void {
    this.#armed = [];
    this.#announceClear();
  }

  /** The fault that strikes now, if any: it is counted, and used up at its count. */
  strike(facts: FaultFacts, accepts: (fault: F) => boolean = () => true): F | undefined {
    const armed = this.#armed.find(
      (one) => accepts(one.fault) && !isUsedUp(one) && isAbout(one.options, facts),
    );
    if (armed === undefined) return undefined;
    armed.strikes += 1;
    return armed.fault;
  }

  /** Calls `listener` when a fault is set, until the returned function is called. */
  onSet(listener: (fault: F) => void): () => void {
    this.#onSet.add(listener);
    return () => {
      this.#onSet.delete(listener);
    };
  }

  /** Calls `listener` once, when the next fault is cleared; the returned function calls it off. */
  onceCleared(listener: () => void): () => void {
    this.#onClear.add(listener);
    return () => {
      this.#onClear.delete(listener);
    };
  }

  #announceClear(): void {
    const listeners = [...this.#onClear];
    this.#onClear.clear();
    for (const listener of listeners) listener();
  }
}

function isUsedUp<F>({ options, strikes }: Armed<F>): boolean {
  return options.count !== undefined && strikes >= options.count;
}

const factNames = [
  'verb',
  'resource',
  'subresource',
  'signerName',
  'namespace',
  'name',
  'user',
] as const;

function isAbout(wanted: FaultFacts, facts: FaultFacts): boolean {
  return factNames.every((name) => wanted[name] === undefined || wanted[name] === facts[name]);
}

/** Before the API acts, or after it has acted and before the client learns of it. */
export type FaultMoment = 'before' | 'after';

/** What can go wrong with one call to the API. */
export type ApiFault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly when?: FaultMoment;
      readonly message?: string;
      /** Sent as `Retry-After`. */
      readonly retryAfterSeconds?: number;
    }
  /** The connection breaks without an answer. */
  | { readonly kind: 'lost'; readonly when?: FaultMoment }
  /** No answer until the fault is cleared (then the connection breaks) or the client leaves. */
  | { readonly kind: 'hang'; readonly when?: FaultMoment }
  | { readonly kind: 'slow'; readonly ms: number }
  /** 200 with a body that is not JSON, as a proxy in between may send. */
  | { readonly kind: 'garbage'; readonly when?: FaultMoment }
  /** Exactly this answer, whatever sense it makes. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string | Uint8Array;
      readonly when?: FaultMoment;
    };

/**
 * What can go wrong with a watch. The first group strikes open watches when it is set, and others
 * when they open; with `at: 'next-event'` it strikes instead of the next event, which is lost.
 */
export type WatchFault =
  | {
      readonly kind: 'drop' | 'close' | 'expired' | 'error' | 'not-json' | 'truncated';
      readonly at?: 'now' | 'next-event';
    }
  /** From now on no byte on the watches that it strikes, not even when it is cleared. */
  | { readonly kind: 'silent' }
  /** Events are lost and bookmarks are not. */
  | { readonly kind: 'only-bookmarks' }
  | { readonly kind: 'duplicate' }
  /** After each event the state before it comes again, with its older resourceVersion. */
  | { readonly kind: 'stale-replay' };

/** What a signer can do wrong. */
export type SignerFault =
  /** Denies at once, before anybody can approve. */
  | { readonly kind: 'deny'; readonly reason?: string; readonly message?: string }
  | { readonly kind: 'fail'; readonly reason?: string; readonly message?: string }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'never' }
  | { readonly kind: 'wrong-key' }
  | { readonly kind: 'wrong-san' | 'extra-san'; readonly uri?: string }
  | { readonly kind: 'no-san' | 'subject-common-name' }
  | { readonly kind: 'ca-true' | 'cert-sign-usage' | 'no-eku' | 'extra-eku' }
  | { readonly kind: 'expired' | 'not-yet-valid' }
  | { readonly kind: 'longer-lifetime'; readonly factor?: number }
  /** Signed by another signer's authority. */
  | { readonly kind: 'wrong-root' }
  /** Written past the API server's own check, which would refuse them. */
  | { readonly kind: 'garbage-pem' | 'empty-pem' | 'not-pem' }
  | { readonly kind: 'leaf-only' | 'root-included' | 'foreign-root-included' }
  | { readonly kind: 'duplicate-chain' | 'unordered-chain' }
  /** Signed with SHA-1. */
  | { readonly kind: 'weak-signature' }
  /** A second certificate replaces the first, past the API server's own check. */
  | { readonly kind: 'changed-after-issue'; readonly afterMs?: number };

/** What a TokenReview can answer wrongly. */
export type TokenReviewFault =
  | { readonly kind: 'error'; readonly message?: string }
  | { readonly kind: 'audiences'; readonly audiences: readonly string[] }
  | { readonly kind: 'username'; readonly username: string }
  /** `authenticated: true` beside an error. */
  | { readonly kind: 'contradiction' };

/** All switches of a sandbox. */
export class Faults {
  readonly api = new FaultBoard<ApiFault>();
  readonly watch = new FaultBoard<WatchFault>();
  readonly signer = new FaultBoard<SignerFault>();
  readonly tokenReview = new FaultBoard<TokenReviewFault>();

  clear(): void {
    this.api.clear();
    this.watch.clear();
    this.signer.clear();
    this.tokenReview.clear();
  }
}
