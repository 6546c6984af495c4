import type { BenchPart } from '../bench-part.ts';
import { measureAuthority } from '../measure.ts';
import { growthBar, growthTable, inTurns } from './in-turns.ts';

const name = 'cost as work grows: 10,000 certificates issued';
/** With those that warm it up, ten thousand. */
const blocks = 9;
const block = { callers: 50, total: 1_000 };

/** A process that has issued ten thousand certificates, against one that has issued a thousand. */
export const issuedPart: BenchPart = {
  name,
  run: async (bench) => {
    const { world, say } = bench;
    const old = await bench.startWarm('old');
    const byThousand: number[] = [];
    for (let at = 0; at < blocks; at += 1) {
      const measured = await measureAuthority(world, old, { load: block, callers: 'own-tokens' });
      byThousand.push(measured.cpuMsPerCertificate);
    }
    const progress = `CPU ms by thousand: ${byThousand.map((ms) => ms.toFixed(2)).join(', ')}`;
    say(progress);
    const young = await bench.startWarm('young');
    const sides = {
      small: { name: '1,000 issued', world, authority: young },
      grown: { name: '10,000 issued', world, authority: old },
    };
    const turns = await inTurns(bench, sides);
    await young.stop();
    await old.stop();
    return {
      bars: [growthBar(name, turns)],
      table: `${growthTable({ small: sides.small.name, grown: sides.grown.name }, turns)}\n\n${progress}`,
      figures: { byThousand, turns },
    };
  },
};
