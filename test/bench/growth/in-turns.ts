import type { BarResult } from '../bars.ts';
import type { Bench } from '../bench.ts';
import type { BenchWorld, MeasuredAuthority } from '../bench-world.ts';
import { measureAuthority, type Measurement } from '../measure.ts';
import { median } from '../quantile.ts';

/** One of the two that are compared, and where it works. */
export interface Side {
  readonly name: string;
  readonly world: BenchWorld;
  readonly authority: MeasuredAuthority;
}

/** The small case and the grown one, measured right after each other. */
export interface Turn {
  readonly small: Measurement;
  readonly grown: Measurement;
}

/** Some five seconds on two cores. */
const load = { callers: 50, total: 600 };
const rounds = 7;
/** How much more a certificate may cost in the grown case. */
const maxGrowth = 1.1;

/** Measures both, round after round; the other one first in every other round. */
export async function inTurns(
  { say }: Pick<Bench, 'say'>,
  { small, grown }: { readonly small: Side; readonly grown: Side },
): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [small, grown] : [grown, small];
    const measured = new Map<Side, Measurement>();
    for (const side of order) {
      measured.set(
        side,
        await measureAuthority(side.world, side.authority, { load, callers: 'own-tokens' }),
      );
    }
    const [one, other] = [measured.get(small), measured.get(grown)];
    if (one === undefined || other === undefined) throw new Error('a side was not measured');
    say(`${small.name}: ${told(one)}; ${grown.name}: ${told(other)}`);
    turns.push({ small: one, grown: other });
  }
  return turns;
}

function told({ cpuMsPerCertificate }: Measurement): string {
  return `${cpuMsPerCertificate.toFixed(2)} ms`;
}

/** That the grown case costs about what the small one does. */
export function growthBar(bar: string, turns: readonly Turn[]): BarResult {
  const ratios = turns.map(
    ({ small, grown }) => grown.cpuMsPerCertificate / small.cpuMsPerCertificate,
  );
  return {
    bar: `${bar}: CPU per certificate to the small case's`,
    measured: median(ratios),
    wanted: maxGrowth,
    ...{ atLeast: false, isRatio: true },
  };
}

/** Both cases, as Markdown. */
export function growthTable(
  names: { readonly small: string; readonly grown: string },
  turns: readonly Turn[],
): string {
  const row = (name: string, of: (turn: Turn) => Measurement): string => {
    const figure = (read: (measurement: Measurement) => number): string =>
      median(turns.map((turn) => read(of(turn)))).toFixed(2);
    const cells = [
      name,
      figure((m) => m.cpuMsPerCertificate),
      figure((m) => m.apiServerCpuMsPerCertificate),
      figure((m) => (m.certificates / m.goneMs) * 1000),
    ];
    return `| ${cells.join(' | ')} |`;
  };
  return [
    "| case | CPU ms | API server's CPU ms | certificates/s |",
    '| --- | --- | --- | --- |',
    row(names.small, ({ small }) => small),
    row(names.grown, ({ grown }) => grown),
  ].join('\n');
}
