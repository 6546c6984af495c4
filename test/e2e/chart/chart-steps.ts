import type { Step } from '../runner/suite.ts';
import type { ChartWorld } from './chart-world.ts';
import { installationSteps } from './installation-steps.ts';
import { leaderSteps } from './leader-steps.ts';
import { rightsSteps } from './rights-steps.ts';
import { rotationSteps } from './rotation-steps.ts';

/** istio-ra as the chart installs it: its start, its rights, the roots that it hands out, its leader. */
export function chartSteps(chart: ChartWorld): Step[] {
  return [
    ...installationSteps(chart),
    ...rightsSteps(chart),
    ...rotationSteps(chart),
    ...leaderSteps(chart),
  ];
}
