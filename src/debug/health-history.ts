import type { Clock, Timer } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { RecentDecision } from '../ra/recent-decisions.ts';
import type { RequestOutcome } from '../ra/request-outcome.ts';
import { IssuedLives } from './certificate-ages.ts';
import type { CertificateAges } from './certificate-ages.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** What the process is busy with at one moment; a part that does not run has no figure. */
export interface LoadSample {
  readonly waiting: number | undefined;
  readonly inFlight: number | undefined;
  readonly lagMs: number | undefined;
}

export interface Latency {
  readonly count: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

export interface MinuteReport {
  /** Its beginning, in milliseconds since the Unix epoch. */
  readonly from: number;
  readonly outcomes: Readonly<Record<RequestOutcome, number>>;
  readonly total: Latency;
  readonly steps: Readonly<Record<string, Latency>>;
}

export interface HealthReport {
  /** The last hour, oldest first, minutes without requests included. */
  readonly minutes: readonly MinuteReport[];
  /** Over the hour, in the order in which the steps were first seen. */
  readonly steps: readonly ({ readonly step: string } & Latency)[];
  readonly total: Latency;
  readonly loads: readonly ({ readonly time: number } & LoadSample)[];
  readonly certificates: CertificateAges;
}

const minuteMs = 60_000;
const maxMinutes = 60;
const sampleEveryMs = 10_000;
const maxSamples = 360;
/** There are about a dozen; a bound all the same. */
const maxSteps = 32;

interface Minute {
  readonly from: number;
  readonly outcomes: Record<RequestOutcome, number>;
  readonly total: LatencyHistogram;
  readonly steps: Map<string, LatencyHistogram>;
}

/** The last hour in minutes, and the load in steps of ten seconds. Bounded whatever the traffic. */
export class HealthHistory implements Stoppable {
  readonly #clock: Clock;
  readonly #sample: () => LoadSample;
  readonly #lives = new IssuedLives();
  readonly #loads: ({ readonly time: number } & LoadSample)[] = [];
  #minutes: Minute[] = [];
  #timer: Timer | undefined;

  constructor({ clock, sample }: { readonly clock: Clock; readonly sample: () => LoadSample }) {
    this.#clock = clock;
    this.#sample = sample;
  }

  /** Begins to sample the load; a second call does nothing. */
  start(): void {
    if (this.#timer === undefined) this.#keepLoad();
  }

  stop(): Promise<void> {
    this.#timer?.cancel();
    return Promise.resolve();
  }

  /** Takes a decision into account. Never throws. */
  note(decision: RecentDecision): void {
    const minute = this.#minuteOf(decision.time);
    minute.outcomes[decision.outcome] += 1;
    minute.total.record(decision.totalMs);
    for (const [step, ms] of Object.entries(decision.stepsMs)) {
      const known = minute.steps.get(step);
      if (known === undefined && minute.steps.size >= maxSteps) continue;
      const histogram = known ?? new LatencyHistogram();
      minute.steps.set(step, histogram);
      histogram.record(ms);
    }
    if (decision.outcome === 'issued') this.#lives.note(decision);
  }

  report(): HealthReport {
    const now = this.#clock.now();
    const last = Math.floor(now / minuteMs) * minuteMs;
    const byTime = new Map(this.#minutes.map((minute) => [minute.from, minute]));
    const minutes = Array.from({ length: maxMinutes }, (_, at) => {
      const from = last - (maxMinutes - 1 - at) * minuteMs;
      return byTime.get(from) ?? emptyMinute(from);
    });
    const total = new LatencyHistogram();
    const steps = new Map<string, LatencyHistogram>();
    for (const minute of minutes) addTo({ total, steps }, minute);
    return {
      minutes: minutes.map(describeMinute),
      steps: [...steps].map(([step, histogram]) => ({ step, ...latencyOf(histogram) })),
      total: latencyOf(total),
      loads: [...this.#loads],
      certificates: this.#lives.ages(now),
    };
  }

  /** A clock that was set back writes into the newest minute. */
  #minuteOf(time: number): Minute {
    const from = Math.floor(time / minuteMs) * minuteMs;
    const newest = this.#minutes.at(-1);
    if (newest !== undefined && newest.from >= from && !this.#isAhead(newest)) return newest;
    const minute = emptyMinute(from);
    const kept = this.#minutes.filter((other) => other.from < from);
    this.#minutes = [...kept, minute].slice(-maxMinutes);
    return minute;
  }

  /** Begun under a clock that was set back by more than a minute since. */
  #isAhead({ from }: Minute): boolean {
    return from > this.#clock.now() + minuteMs;
  }

  #keepLoad(): void {
    this.#loads.push({ time: this.#clock.now(), ...this.#sample() });
    if (this.#loads.length > maxSamples) this.#loads.shift();
    this.#timer = this.#clock.timer(sampleEveryMs, () => {
      this.#keepLoad();
    });
  }
}

function emptyMinute(from: number): Minute {
  const outcomes = { issued: 0, refused: 0, abandoned: 0 };
  return { from, outcomes, total: new LatencyHistogram(), steps: new Map() };
}

function addTo(sum: Pick<Minute, 'total' | 'steps'>, minute: Minute): void {
  sum.total.add(minute.total);
  for (const [step, histogram] of minute.steps) {
    const all = sum.steps.get(step) ?? new LatencyHistogram();
    sum.steps.set(step, all);
    all.add(histogram);
  }
}

function describeMinute({ from, outcomes, total, steps }: Minute): MinuteReport {
  const described = [...steps].map(([step, histogram]) => [step, latencyOf(histogram)] as const);
  return { from, outcomes, total: latencyOf(total), steps: Object.fromEntries(described) };
}

function latencyOf(histogram: LatencyHistogram): Latency {
  return {
    count: histogram.total,
    p50Ms: histogram.quantile(0.5),
    p99Ms: histogram.quantile(0.99),
  };
}
