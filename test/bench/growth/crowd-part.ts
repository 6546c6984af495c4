import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMiB } from '../../e2e/stack/process-usage.ts';
import type { Bench } from '../bench.ts';
import type { BenchPart } from '../bench-part.ts';
import { median } from '../quantile.ts';
import type { RealWorld } from '../real-world.ts';
import { makeCrowd, namespaceCount, podCount } from './crowd.ts';
import { growthBar, growthTable, inTurns, type Side } from './in-turns.ts';

const name = 'cost as work grows: 5,000 namespaces and 10,000 pods';
const starts = 3;
const restMs = 5_000;

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
    const memory = await memoryOf(bench, sides, env);
    return {
      bars: [growthBar(name, turns)],
      table: [
        growthTable({ small: sides.small.name, grown: sides.grown.name }, turns),
        `Resident at rest: ${memory.small.toFixed(0)} MiB with a few, ${memory.grown.toFixed(0)} MiB with all: ${memory.perThousandPods.toFixed(2)} MiB per 1,000 pods (and their 500 namespaces).`,
      ].join('\n\n'),
      figures: { turns, memory },
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

/** What a fresh process holds once it has read everything, in MiB. */
async function memoryOf(
  { say }: Bench,
  sides: { readonly small: Side; readonly grown: Side },
  env: Readonly<Record<string, string>>,
): Promise<{ readonly small: number; readonly grown: number; readonly perThousandPods: number }> {
  const held = new Map<Side, number[]>();
  for (let at = 0; at < starts; at += 1) {
    for (const side of [sides.small, sides.grown]) {
      const authority = await side.world.startAuthority(`memory-${at}`, env);
      await sleep(restMs);
      held.set(side, [...(held.get(side) ?? []), residentMiB(authority.pid).now]);
      await authority.stop();
    }
  }
  const [small, grown] = [sides.small, sides.grown].map((side) => median(held.get(side) ?? []));
  if (small === undefined || grown === undefined) throw new Error('a side was not measured');
  say(`resident at rest: ${small.toFixed(0)} and ${grown.toFixed(0)} MiB`);
  return { small, grown, perThousandPods: (grown - small) / (podCount / 1_000) };
}
