import { timesBy, type CpuProfile, type Times } from './cpu-profile.ts';
import { functionOf, originOf } from './origin.ts';

const maxOrigins = 30;
const maxFunctions = 25;

/**
 * The profile by origin and by function, as Markdown. Samples are taken by the clock, also while others
 * have the core; so they only tell shares, and what a certificate costs is dealt out by them.
 */
export function profileTables(profile: CpuProfile, cpuMsPerCertificate: number): string {
  const byOrigin = timesBy(profile, originOf);
  const byFunction = timesBy(profile, functionOf);
  const sum = [...byOrigin.values()].reduce((ms, { selfMs }) => ms + selfMs, 0);
  const scale = cpuMsPerCertificate / sum;
  const bySelf = { by: 'selfMs', scale, sum } as const;
  return [
    table('module, library or part of Node', byOrigin, { ...bySelf, max: maxOrigins }),
    table('function, by self time', byFunction, { ...bySelf, max: maxFunctions }),
    table('function, by total time', byFunction, { ...bySelf, by: 'totalMs', max: maxFunctions }),
  ].join('\n\n');
}

function table(
  title: string,
  times: ReadonlyMap<string, Times>,
  options: {
    readonly by: keyof Times;
    readonly max: number;
    readonly scale: number;
    readonly sum: number;
  },
): string {
  const { by, max, scale, sum } = options;
  const share = (ms: number): string => `${((ms / sum) * 100).toFixed(1)} %`;
  const rows = [...times]
    .sort(([, one], [, other]) => other[by] - one[by])
    .slice(0, max)
    .map(([name, { selfMs, totalMs }]) => {
      const [self, total] = [selfMs, totalMs].map((ms) => (ms * scale).toFixed(3));
      return `| ${[self, share(selfMs), total, share(totalMs), name].join(' | ')} |`;
    });
  const head = `| self ms | share | total ms | share | ${title} |`;
  return [head, '| ---: | ---: | ---: | ---: | --- |', ...rows].join('\n');
}
