import type { AlertRule } from '../../support/chart-expressions.ts';
import { mustRun } from './run-command.ts';

/** A page of /metrics, and the time at which it is taken to have been scraped. */
export interface ScrapedPage {
  /** Seconds since the Unix epoch. */
  readonly at: number;
  readonly page: string;
}

/** What became of one alert until the last scrape. */
export interface AlertReport {
  readonly alert: string;
  /** Seconds from the first scrape until it fired first; -1 where it never did. */
  readonly firedAfter: number;
  /** What fires after the last scrape. */
  readonly firing: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly summary: string;
  }[];
  /** Why it could not be read or evaluated; absent where it could. */
  readonly error?: string;
}

/** What an expression gives after the last scrape. */
export interface ExpressionReport {
  readonly expression: string;
  readonly results: number;
  /** Everything that it reads, each with how many series there are of it. */
  readonly selectors: readonly { readonly selector: string; readonly series: number }[];
  readonly error?: string;
}

export interface Evaluation {
  readonly alerts: readonly AlertReport[];
  readonly expressions: readonly ExpressionReport[];
}

export interface EvaluationQuestion {
  readonly rules?: readonly AlertRule[];
  readonly expressions?: readonly string[];
  readonly scrapes: readonly ScrapedPage[];
}

/** Asks Prometheus' own engine; throws where it cannot read a page. */
export async function evaluate(
  program: string,
  { rules = [], expressions = [], scrapes }: EvaluationQuestion,
): Promise<Evaluation> {
  const input = JSON.stringify({ rules, expressions, scrapes });
  return JSON.parse(await mustRun(program, [], { input })) as Evaluation;
}
