import type { Step } from '../../e2e/runner/suite.ts';
import { expectNone } from '../runner/context.ts';
import type { FuzzContext } from '../runner/context.ts';
import { describeError, shortened } from '../runner/findings.ts';
import { Meter } from '../runner/meter.ts';
import { perSecond, runCases } from '../runner/pace.ts';
import { Random } from '../runner/random.ts';
import { textTargets } from './text-targets.ts';
import type { TextTarget } from './text-targets.ts';

/** The part of the time of all of them, and of the number of requests of each. */
const share = 0.18;
const caseShare = 0.02;
const stream = 4;

/** What must hold for every reader of text; one step each. */
export function textSteps(context: FuzzContext): readonly Step[] {
  const { settings, say } = context;
  return textTargets.map((target, number) => ({
    name: `${target.name}: each is read or refused with its own error, within ${target.maxMs} ms of CPU`,
    run: async (show) => {
      const meter = new Meter(target.maxMs);
      const pace = {
        cases: Math.ceil(settings.cases * caseShare),
        budgetMs: (settings.budgetMs * share) / textTargets.length,
        progress: say,
      };
      let read = 0;
      const { cases, ms } = await runCases(pace, async (index) => {
        const input = target.make(new Random(settings.seed, stream, number, index));
        const problem = problemOf(target, meter, input, index);
        if (problem === undefined) read += 1;
        if (problem === undefined || problem === refused) return;
        const same = (candidate: string): boolean =>
          signature(problemOf(target, meter, candidate, index)) === signature(problem);
        const found = {
          target: target.name,
          ...problem,
          seed: settings.seed,
          index,
          steps: [],
          input,
        };
        await context.findings.add(found, () =>
          Promise.resolve({ ...found, input: shortened(input, same) }),
        );
      });
      show(`${cases} cases, ${perSecond(cases, ms)} cases/s, ${read} read; ${meter.describe()}`);
      for (const kind of ['crash', 'slow']) expectNone(context, target.name, kind);
    },
  }));
}

interface Problem {
  readonly kind: string;
  readonly detail: string;
}

/** Not a problem: the reader said no in the way that it promises. */
const refused: Problem = { kind: 'refused', detail: '' };

function problemOf(
  target: TextTarget,
  meter: Meter,
  input: string,
  index: number,
): Problem | undefined {
  const { outcome, tooSlowMs } = meter.measure(
    () => `case ${index}`,
    () => target.read(input),
  );
  if (tooSlowMs !== undefined) return { kind: 'slow', detail: `took ${tooSlowMs} ms of CPU` };
  if (outcome.kind === 'returned') return undefined;
  if (target.throws(outcome.error)) return refused;
  return { kind: 'crash', detail: describeError(outcome.error) };
}

/** Two findings with the same are one. */
function signature(problem: Problem | undefined): string {
  if (problem === undefined) return '';
  return problem.kind === 'slow' ? problem.kind : `${problem.kind} ${problem.detail}`;
}
