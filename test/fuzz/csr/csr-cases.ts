import { pemOf } from '../../support/csr-writer.ts';
import { Random } from '../runner/random.ts';
import { byteSteps } from './byte-steps.ts';
import { goodDraft, signDraft } from './csr-draft.ts';
import type { CsrDraft } from './csr-draft.ts';
import type { KeyRing } from './csr-keys.ts';
import { aimedSteps, neutralSteps } from './csr-steps.ts';
import { constructed, writeTree } from './der-tree.ts';
import type { DerNode } from './der-tree.ts';
import { neutralPemSteps, pemSteps } from './pem-steps.ts';
import { reshape, signatureSteps } from './signature-steps.ts';
import { treeSteps } from './tree-steps.ts';
import type { TreeStep } from './tree-steps.ts';

/** Signing comes between the second and the third. */
type Stage = 'unsigned' | 'signature' | 'signed' | 'bytes' | 'text';

interface Step {
  readonly name: string;
  readonly stage: Stage;
  readonly run: (draft: CsrDraft, random: Random) => void;
}

/** A text for the gate, and how it came about. */
export interface FuzzCase {
  readonly text: string;
  /** Names of the steps, in order. */
  readonly steps: readonly string[];
}

function stepsOf<T>(
  stage: Stage,
  table: Readonly<Record<string, T>>,
  run: (step: T) => Step['run'],
): readonly Step[] {
  return Object.entries(table).map(([name, step]) => ({
    name: `${stage}.${name}`,
    stage,
    run: run(step),
  }));
}

/** Runs a step on a tree, its root included. What is no longer one element stays as bytes. */
function onTree(root: DerNode, step: TreeStep, random: Random): DerNode {
  const holder = constructed(0x30, root);
  step(holder, random);
  const [only, ...more] = holder.children ?? [];
  if (only !== undefined && more.length === 0) return only;
  const bytes = Buffer.concat((holder.children ?? []).map(writeTree));
  return { ...constructed(0x30), verbatim: bytes };
}

const neutral = stepsOf('unsigned', neutralSteps, (step) => step);
const aimed = [
  ...stepsOf('unsigned', aimedSteps, (step) => step),
  ...stepsOf(
    'signature',
    signatureSteps,
    (step) => (draft, random) => reshape(draft, step, random),
  ),
];
const anywhere = stepsOf('unsigned', treeSteps, (step) => (draft, random) => {
  draft.info = onTree(draft.info, step, random);
});
const outside = stepsOf('signed', treeSteps, (step) => (draft, random) => {
  draft.outer = onTree(draft.outer, step, random);
});
const bytes = stepsOf('bytes', byteSteps, (step) => (draft, random) => {
  draft.der = step(draft.der, random);
});
const onText =
  (step: (text: string, random: Random) => string): Step['run'] =>
  (draft, random) => {
    draft.text = step(draft.text, random);
  };
const neutralText = stepsOf('text', neutralPemSteps, onText);
const text = stepsOf('text', pemSteps, onText);

/** How often, in a hundred cases, steps are drawn from which tables. */
const profiles: readonly (readonly [share: number, tables: readonly (readonly Step[])[]])[] = [
  [9, [neutral, neutral, neutralText]],
  [30, [aimed, neutral]],
  [29, [anywhere, anywhere, aimed]],
  [8, [outside]],
  [11, [bytes]],
  [13, [text, neutralText]],
];

function drawSteps(random: Random): readonly Step[] {
  let die = random.below(100);
  const [, tables] = profiles.find(([share]) => (die -= share) < 0) ?? [0, [neutral]];
  const count = 1 + random.below(4);
  const drawn = Array.from({ length: count }, () => random.pick(random.pick(tables) ?? neutral));
  return drawn.filter((step) => step !== undefined);
}

const before: readonly Stage[] = ['unsigned', 'signature'];

export interface CaseNumber {
  readonly seed: number;
  readonly index: number;
}

/** The words of the stream of choices for requests. */
const stream = 1;

/**
 * Makes case `index` of a run. `without` leaves out steps by their place, and changes no other: so a
 * finding can be made smaller. ECDSA signatures alone differ from call to call.
 */
export function makeCsrCase(
  { seed, index }: CaseNumber,
  keys: KeyRing,
  without: ReadonlySet<number> = new Set(),
): FuzzCase {
  const random = new Random(seed, stream, index);
  const draft = goodDraft(keys, random.fork());
  const steps = drawSteps(random).map((step) => ({ step, random: random.fork() }));
  const kept = steps.filter((_, at) => !without.has(at));
  const run = (stage: Stage): void => {
    for (const { step, random: own } of kept) if (step.stage === stage) step.run(draft, own);
  };
  before.forEach(run);
  signDraft(draft);
  run('signed');
  draft.der = writeTree(draft.outer);
  run('bytes');
  draft.text = pemOf(draft.der);
  run('text');
  return { text: draft.text, steps: kept.map(({ step }) => step.name) };
}
