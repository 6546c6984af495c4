import type { Explanation } from '../debug/explainer.ts';
import { formatTable } from './text-table.ts';
import type { Styler } from './terminal.ts';

const marks = { won: '*', refused: '!', lost: ' ', off: ' ', void: ' ' } as const;

interface Looks {
  readonly styled: Styler;
  /** Of the tables; undefined where they may be as wide as they need. */
  readonly width: number | undefined;
}

/** An explanation in words, the verdict first. */
export function describeExplanation(explanation: Explanation, { styled, width }: Looks): string {
  const rows = explanation.steps.map((step) => [
    marks[step.verdict as keyof typeof marks],
    step.from,
    step.source ?? '-',
    step.signers.join(', ') || '-',
    step.because,
  ]);
  const facts = factsOf(explanation);
  return [
    `${explanation.identity}\n`,
    describeVerdict(explanation, styled),
    '\nWhat was asked, strongest first:\n',
    formatTable([['', 'FROM', 'SOURCE', 'SIGNERS', 'BECAUSE'], ...rows], width),
    facts.length === 0 ? '' : `\n${formatTable(facts, width)}`,
    describeRefusals(explanation, width),
  ].join('');
}

/** One line: which signer and by whom, or why none. */
export function describeVerdict({ verdict }: Explanation, styled: Styler): string {
  if (verdict.kind === 'refused') {
    const { because, code, reason } = verdict;
    return `${styled('red', 'REFUSED')}  ${because} (${code}, ${reason})\n`;
  }
  const { signer, assignedBy, servedInsteadOf } = verdict;
  const instead = servedInsteadOf === undefined ? '' : `, instead of ${servedInsteadOf}`;
  return `${styled('green', 'GRANTED')}  ${signer}, by ${assignedBy}${instead}\n`;
}

function factsOf({ roots, lifetime, nodeAgent, mayApprove, issuer }: Explanation): string[][] {
  const trusted = roots.map(({ subject, notAfter, sha256 }) => [
    'trusts',
    `${subject}, until ${notAfter}, sha256 ${sha256.slice(0, 16)}`,
  ]);
  return [
    ...(lifetime === undefined ? [] : [['lifetime', describeLifetime(lifetime)]]),
    ...(nodeAgent === undefined ? [] : [['node agent', describeNodeAgent(nodeAgent)]]),
    ...(mayApprove === undefined ? [] : [['right to approve', describeRight(mayApprove)]]),
    ...(issuer === undefined ? [] : [['issuer', issuer]]),
    ...trusted,
  ];
}

function describeLifetime({ seconds, refused }: NonNullable<Explanation['lifetime']>): string {
  return refused ?? `${seconds ?? 0} s`;
}

function describeNodeAgent({ account, trusted }: NonNullable<Explanation['nodeAgent']>): string {
  return trusted ? `${account} is trusted` : `${account} is NOT in CA_TRUSTED_NODE_ACCOUNTS`;
}

function describeRight(mayApprove: boolean | string): string {
  if (typeof mayApprove === 'string') return mayApprove;
  return mayApprove ? 'held' : 'MISSING: verb approve on signers in certificates.k8s.io';
}

function describeRefusals({ recentRefusals }: Explanation, width: number | undefined): string {
  if (recentRefusals.length === 0) return '';
  const rows = recentRefusals.map(({ time, code, reason, certSigner, requestId }) => [
    new Date(time).toISOString(),
    code ?? '',
    reason ?? '',
    certSigner ?? '-',
    requestId,
  ]);
  const heading = ['TIME', 'CODE', 'REASON', 'ASKED FOR', 'REQUEST'];
  return `\nRefused lately:\n${formatTable([heading, ...rows], width)}`;
}
