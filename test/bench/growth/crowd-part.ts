import { writeFileSync } from 'node:fs';
import type { BenchPart } from '../bench-part.ts';
import type { Measurement } from '../measure.ts';
import { median } from '../quantile.ts';
import type { RealWorld } from '../real-world.ts';
import { makeCrowd, namespaceCount, podCount } from './crowd.ts';
import { growthBar, growthTable, inTurns, type Turn } from './in-turns.ts';
import { memoryIn, type Memory } from './memory.ts';

const name = 'cost as work grows: 5,000 namespaces and 10,000 pods';

/** A cluster full of namespaces, ProxyConfigs and pods, all watched, against one with a few. */
export const crowdPart: BenchPart = {
  name,
  run: async (bench) => {
    const small = bench.world;
    const crowded = await bench.another();
    bench.say(`creating ${namespaceCount} namespaces and ${podCount} pods`);
    await makeCrowd(crowded);
    const env = { SIGNER_POLICY: policyOf(crowded) };
    const sides = {
      small: {
        name: 'a few',
        world: small,
        authority: await bench.startWarm('beside-few', { env }),
      },
      grown: {
        name: '5,000 namespaces, 10,000 pods',
        world: crowded,
        authority: await bench.startWarm('in-crowd', { world: crowded, env }),
      },
    };
    const turns = await inTurns(bench, sides);
    for (const { authority } of [sides.small, sides.grown]) await authority.stop();
    const atRest = await memoryIn([small, crowded], env);
    return {
      bars: [growthBar(name, turns)],
      table: [
        growthTable({ small: sides.small.name, grown: sides.grown.name }, turns),
        memoryTable(atRest, turns),
      ].join('\n\n'),
      figures: { turns, atRest },
    };
  },
};

/** One that makes istio-ra watch namespaces; where it stands is the same for both. */
function policyOf(world: RealWorld): string {
  const file = world.file('crowd-policy.json');
  const rule = { name: 'bar', match: { namespaces: ['bar'] }, signers: ['bar'], exclusive: true };
  writeFileSync(file, JSON.stringify({ rules: [rule] }));
  return file;
}

/** Resident at rest and under load, and what is really held, with the difference by 1,000 pods. */
function memoryTable(atRest: readonly Memory[], turns: readonly Turn[]): string {
  const underLoad = (of: (turn: Turn) => Measurement): number =>
    median(turns.map((turn) => of(turn).residentMiB?.now ?? NaN));
  const [few, all] = atRest;
  const row = (
    what: string,
    [without = NaN, within = NaN]: readonly (number | undefined)[],
  ): string => {
    const perThousand = (within - without) / (podCount / 1_000);
    return `| ${what} | ${without.toFixed(0)} | ${within.toFixed(0)} | ${perThousand.toFixed(1)} |`;
  };
  return [
    '| MiB | a few | with all | per 1,000 pods and 500 namespaces |',
    '| --- | --- | --- | --- |',
    row('resident, just started', [few?.resident, all?.resident]),
    row('resident, under load', [underLoad(({ small }) => small), underLoad(({ grown }) => grown)]),
    row('heap without garbage', [few?.heap, all?.heap]),
  ].join('\n');
}
