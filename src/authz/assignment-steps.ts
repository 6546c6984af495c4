import { describeSource } from './assignment-source.ts';
import type { AssignmentSource } from './assignment-source.ts';
import type { Voice } from './assignment-voices.ts';
import type { AssignmentOutcome } from './assignment-outcome.ts';
import type { SignerPolicy, SourceName } from './signer-policy.ts';

/** One source that was asked, and what became of what it said. */
export interface AssignmentStep {
  readonly from: SourceName;
  /** Undefined where there is nothing to point at, such as no ProxyConfig of that level. */
  readonly source: AssignmentSource | undefined;
  /** The signers that it names; empty when it names none that can be used. */
  readonly signers: readonly string[];
  /**
   * - `won`: it assigns the signers.
   * - `refused`: it would, and must not be followed.
   * - `lost`: it speaks, and a stronger one spoke.
   * - `off`: it is switched off.
   * - `void`: it says nothing about the caller.
   */
  readonly verdict: 'won' | 'refused' | 'lost' | 'off' | 'void';
  /** Half a sentence. */
  readonly because: string;
}

interface Judged {
  readonly winner: Voice | undefined;
  readonly outcome: AssignmentOutcome;
  readonly sources: SignerPolicy['sources'];
}

/** The trail that leads to an outcome, in the order in which the sources were asked. */
export function explainVoices(voices: readonly Voice[], judged: Judged): readonly AssignmentStep[] {
  return voices.map((voice) => {
    const { from, source } = voice;
    return { from, source, signers: signersOf(voice), ...verdictOn(voice, judged) };
  });
}

function signersOf({ utterance }: Voice): readonly string[] {
  if (utterance.kind === 'names') return utterance.signers;
  return utterance.kind === 'passed-over' && utterance.signer !== undefined
    ? [utterance.signer]
    : [];
}

function verdictOn(
  voice: Voice,
  { winner, outcome, sources }: Judged,
): Pick<AssignmentStep, 'verdict' | 'because'> {
  const { from, utterance } = voice;
  if (!sources[from]) return { verdict: 'off', because: `the policy switches ${from} off` };
  if (utterance.kind === 'silence') return { verdict: 'void', because: utterance.because };
  if (utterance.kind === 'passed-over') return { verdict: 'lost', because: utterance.because };
  if (voice === winner) {
    return outcome.kind === 'refused'
      ? { verdict: 'refused', because: outcome.because }
      : { verdict: 'won', because: 'it is the strongest that speaks' };
  }
  const because =
    winner?.source === undefined
      ? 'a stronger one cannot be understood'
      : `${describeSource(winner.source)} is stronger`;
  return { verdict: 'lost', because };
}
