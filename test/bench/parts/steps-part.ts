import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import type { BenchPart } from '../bench-part.ts';
import type { MeasuredAuthority } from '../bench-world.ts';
import { measureAuthority, type Load, type Measurement } from '../measure.ts';
import { median } from '../quantile.ts';

const kept: Load = { callers: 1, total: 100 };
const fresh: Load = { ...kept, newConnections: true };

/** The decision line of one request, as far as it tells times. */
interface Times {
  readonly totalMs: number;
  readonly stepsMs: Readonly<Record<string, number>>;
}

/** What the steps of the record are to the issuance of a certificate. */
const rows: readonly (readonly [row: string, steps: readonly string[]])[] = [
  ['authentication', ['queue_authentication', 'authenticate', 'authorize']],
  ['CSR and its policy', ['queue', 'admit', 'turn']],
  ['signer: create', ['create']],
  ['signer: intent on record', ['intent']],
  ['signer: approve', ['approve']],
  ['signer: wait', ['wait']],
  ['verification', ['verify']],
];

/** Where the time of one request goes, with nobody else about. */
export const stepsPart: BenchPart = {
  name: 'step by step',
  run: async (bench) => {
    const auditFile = join(bench.folder, 'steps.audit.jsonl');
    const authority = await bench.startWarm('step-by-step', { env: { AUDIT_LOG: auditFile } });
    const before = timesOf(auditFile).length;
    const rounds: Round[] = [];
    for (let at = 0; at < (bench.isShort ? 1 : 6); at += 1) {
      rounds.push(await measureRound(bench, authority));
    }
    await authority.stop();
    const steps = stepsOf(timesOf(auditFile).slice(before), rounds);
    return { bars: [], table: stepTable(steps, rounds), figures: Object.fromEntries(steps) };
  },
};

/** The same on a connection that is kept, and on a new one for each request. */
interface Round {
  readonly onKept: Measurement;
  readonly onFresh: Measurement;
}

async function measureRound({ world }: Bench, authority: MeasuredAuthority): Promise<Round> {
  const callers = 'own-tokens';
  const onKept = await measureAuthority(world, authority, { load: kept, callers });
  return { onKept, onFresh: await measureAuthority(world, authority, { load: fresh, callers }) };
}

function timesOf(auditFile: string): readonly Times[] {
  return readFileSync(auditFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"outcome":"issued"'))
    .map((line) => JSON.parse(line) as Times);
}

/** Milliseconds at p50, in the order in which they come. */
function stepsOf(
  times: readonly Times[],
  rounds: readonly Round[],
): readonly (readonly [string, number])[] {
  const p50 = (of: (one: Times) => number): number => median(times.map(of));
  const inside = rows.map(([row, steps]) => {
    const of = ({ stepsMs }: Times): number =>
      steps.reduce((sum, step) => sum + (stepsMs[step] ?? 0), 0);
    return [row, p50(of)] as const;
  });
  const total = p50(({ totalMs }) => totalMs);
  return [
    ['handshake', median(rounds.map(({ onKept, onFresh }) => onFresh.p50Ms - onKept.p50Ms))],
    ...inside,
    [
      'answer, and the way there and back',
      median(rounds.map(({ onKept }) => onKept.p50Ms)) - total,
    ],
  ];
}

function stepTable(
  steps: readonly (readonly [string, number])[],
  rounds: readonly Round[],
): string {
  const middle = (of: (round: Round) => number): string => median(rounds.map(of)).toFixed(2);
  return [
    '| step, 1 caller | ms at p50 |',
    '| --- | --- |',
    ...steps.map(([step, ms]) => `| ${step} | ${ms.toFixed(2)} |`),
    `| all, on a kept connection | ${middle(({ onKept }) => onKept.p50Ms)} |`,
    '',
    `CPU per certificate: ${middle(({ onKept }) => onKept.cpuMsPerCertificate)} ms on a kept connection, ${middle(({ onFresh }) => onFresh.cpuMsPerCertificate)} ms on a new one.`,
  ].join('\n');
}
