import type { Step } from '../e2e/runner/suite.ts';

/** The steps whose names hold `only`, and what has to end what they begin; all where it is undefined. */
export function chooseSteps(steps: readonly Step[], only: string | undefined): readonly Step[] {
  if (only === undefined || only === '') return steps;
  const chosen = steps.filter(({ name }) => name.includes(only));
  const closing = steps.filter((step) => step.isLast === true && !chosen.includes(step));
  return chosen.length === 0 ? [] : [...chosen, ...closing];
}
