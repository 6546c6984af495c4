import { burstBars, singleCallerBars, steadyBars, stormBars } from './bars.ts';
import type { BenchPart } from './bench-part.ts';
import { crowdPart } from './growth/crowd-part.ts';
import { foreignRequestsPart } from './growth/foreign-requests-part.ts';
import { issuedPart } from './growth/issued-part.ts';
import { modelPart } from './model/model-part.ts';
import { restPart } from './parts/rest-part.ts';
import { seriesPart } from './parts/series-part.ts';
import { startUpPart } from './parts/start-up-part.ts';
import { stepsPart } from './parts/steps-part.ts';
import { replicasPart } from './replicas/replicas-part.ts';
import type { Series } from './series.ts';

const subjects = [
  'floor, deleting at once',
  'istio-ra, a token per caller',
  "istio-ra, a node agent's token",
] as const;

export interface PlanOptions {
  readonly kind: 'real' | 'sandbox';
  readonly isShort: boolean;
}

/** What is measured, in this order. The short form measures what it judges, and no more. */
export function plan(options: PlanOptions): readonly BenchPart[] {
  const { kind, isShort } = options;
  const series = seriesParts(options);
  if (isShort) return series;
  return [startUpPart, ...series, restPart, ...(kind === 'sandbox' ? [stepsPart] : growingParts)];
}

/** Those of the parts whose names hold `only`. Throws with all names where there is none. */
export function selected(parts: readonly BenchPart[], only: string): readonly BenchPart[] {
  const found = parts.filter(({ name }) => name.includes(only));
  if (found.length > 0) return found;
  const names = parts.map(({ name }) => name).join('; ');
  throw new Error(`BENCH_ONLY=${only} is part of no name: there are ${names}`);
}

/** What is only to be seen with a cluster around, and over some time. */
const growingParts = [modelPart, replicasPart, issuedPart, foreignRequestsPart, crowdPart];

/** How much is done in a run of either length. */
function extent(isShort: boolean): {
  readonly rounds: number;
  readonly durationMs: number;
  readonly many: number;
} {
  return isShort
    ? { rounds: 1, durationMs: 6_000, many: 400 }
    : { rounds: 3, durationMs: 20_000, many: 1_000 };
}

const judgedInBurst = ['floor, deleting at once', "istio-ra, a node agent's token"] as const;

function seriesParts({ kind, isShort }: PlanOptions): readonly BenchPart[] {
  const { rounds, durationMs, many } = extent(isShort);
  const steady = (callers: number): Series => ({
    name: `${callers} ${callers === 1 ? 'caller' : 'callers'}`,
    load: { callers, durationMs },
    ...{ rounds, subjects },
  });
  const burst: Series = {
    name: `burst of ${many}`,
    load: { callers: 200, total: many },
    rounds,
    subjects: isShort ? judgedInBurst : [...subjects, 'floor, deleting afterwards'],
  };
  const storm: Series = {
    name: `storm of ${many} new connections`,
    load: { callers: many / 2, total: many, newConnections: true },
    floorLoad: { callers: 200, total: many },
    rounds,
    subjects: ['floor, deleting at once', 'istio-ra, a token per caller'],
  };
  const judgeSteady = steadyBars(kind);
  const fifty = seriesPart(steady(50), judgeSteady);
  const atOnce = [seriesPart(burst, burstBars), seriesPart(storm, stormBars)];
  if (isShort) return [fifty, ...atOnce];
  return [
    seriesPart(steady(1), kind === 'real' ? singleCallerBars : () => []),
    seriesPart(steady(10), judgeSteady),
    fifty,
    seriesPart(steady(200), judgeSteady),
    ...atOnce,
  ];
}
