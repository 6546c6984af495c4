import type { Explanation } from '../../../src/debug/explainer.ts';
import type { CheckResult } from '../../../src/check/check.ts';
import type { ExplainedWorld } from './explained-world.ts';

/** What the page's own questions are answered with, as far as one of the mistakes shows in it. */
export interface PageView {
  readonly trust: {
    readonly namespaces: readonly { readonly name: string; readonly refusals: readonly string[] }[];
  };
  readonly health: {
    readonly circuits?: readonly { readonly signer: string; readonly state: string }[];
  };
  readonly explanation: Explanation;
}

/** A set-up that somebody got wrong, and what must tell of it. */
export interface Mistake {
  readonly what: string;
  /** Makes it while istio-ra runs. */
  readonly make: (explained: ExplainedWorld) => Promise<void>;
  /** Takes it back. */
  readonly undo: (explained: ExplainedWorld) => Promise<void>;
  /** The reason in the log, in the feed of the page and in the metrics; the first to come. */
  readonly reason: string;
  /** Every check that must fail with an error, with what its text says. */
  readonly checks: readonly (Pick<CheckResult, 'id' | 'about'> & { readonly text: RegExp })[];
  /** Why, in the words of `istio-ra explain`; undefined where it does not say. */
  readonly explained: (explanation: Explanation) => string | undefined;
  /** What the page shows of it beside the refusals in the feed; undefined where it does not. */
  readonly shown: (page: PageView) => string | undefined;
  /** Whether another one has the same alert, so that the short form leaves this one out. */
  readonly isAlertShownByOther?: true;
  /** The alert that must fire, with labels that it must have. */
  readonly alert: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}
