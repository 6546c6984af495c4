import type { RaError } from '../base/ra-error.ts';
import type { CertificateChange } from '../ra/change-log.ts';
import type { Decision } from '../ra/decision.ts';
import { requestOutcomeOf } from '../ra/request-outcome.ts';
import type { RequestOutcome } from '../ra/request-outcome.ts';
import { boundedText } from './audit-text.ts';

/** What was left of a line when its writer died: not a line, but kept. */
export interface TornEnd {
  readonly bytes: number;
  readonly sha256: string;
}

/** A process took up its work; the first line that it writes. */
export interface OpenedLine {
  readonly kind: 'opened';
  readonly time: string;
  readonly replica: string;
  /** Present when the line before this one is what a crash left of a line. */
  readonly torn?: TornEnd | undefined;
}

/** A process ended in order. A chain that does not end so was cut, or its writer died or runs. */
export interface ClosedLine {
  readonly kind: 'closed';
  readonly time: string;
}

/** A request is about to be approved, which cannot be taken back. Written out before it is. */
export interface IntentLine {
  readonly kind: 'intent';
  readonly time: string;
  readonly requestId: string;
  readonly csrName?: string | undefined;
  readonly csrUid?: string | undefined;
  readonly signer?: string | undefined;
  readonly identity?: string | undefined;
  readonly caller?: string | undefined;
  readonly spkiSha256?: string | undefined;
  readonly ttlSeconds?: number | undefined;
}

/** The end of a request, whatever it is; one for each. */
export interface DecisionLine extends Omit<IntentLine, 'kind'> {
  readonly kind: 'decision';
  /** Where `intended` is true, a signer may have issued though the request was abandoned. */
  readonly outcome: RequestOutcome;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  /** Whether an intent line came before. */
  readonly intended: boolean;
  readonly peer?: string | undefined;
  readonly method?: string | undefined;
  readonly callerPod?: string | undefined;
  readonly callerPodUid?: string | undefined;
  readonly callerCluster?: string | undefined;
  readonly certSigner?: string | undefined;
  readonly assignedBy?: string | undefined;
  readonly ttlAskedSeconds?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly leafSha256?: string | undefined;
  readonly notAfter?: string | undefined;
  readonly meshGeneration?: number | undefined;
  /** The id of the request whose object this one was given a certificate of. */
  readonly sharedWith?: string | undefined;
  /** The other identity that the key was seen with. */
  readonly keyHeldBy?: string | undefined;
  readonly traceId?: string | undefined;
  readonly totalMs: number;
  readonly stepsMs: Readonly<Record<string, number>>;
}

/** Why refusals have no lines of their own. */
export type SummaryCause = 'flood' | 'buffer_full';

/** Refusals without lines of their own, counted by `CODE/reason`. */
export interface SummaryLine {
  readonly kind: 'summary';
  readonly time: string;
  readonly cause: SummaryCause;
  readonly from: string;
  readonly refused: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** The certificate of a request became another one after ours had been taken. */
export interface ChangedLine extends CertificateChange {
  readonly kind: 'changed';
  readonly time: string;
}

export type AuditLine =
  OpenedLine | ClosedLine | IntentLine | DecisionLine | SummaryLine | ChangedLine;

/** The line to write before `decision`'s request is approved; `now` in ms since the epoch. */
export function intentLine(decision: Decision, now: number): IntentLine {
  return { kind: 'intent', ...orderOf(decision, now) };
}

/** The line for how `decision` ended: with a certificate, or with `error`. */
export function decisionLine(
  decision: Decision,
  end: { readonly now: number; readonly intended: boolean; readonly error?: RaError | undefined },
): DecisionLine {
  const { facts } = decision;
  const { error } = end;
  return {
    kind: 'decision',
    ...orderOf(decision, end.now),
    outcome: requestOutcomeOf(error),
    code: error?.code,
    reason: bounded(error?.reason),
    intended: end.intended,
    peer: bounded(facts.peer),
    method: bounded(facts.method),
    callerPod: bounded(facts.callerPod),
    callerPodUid: bounded(facts.callerPodUid),
    callerCluster: bounded(facts.callerCluster),
    certSigner: bounded(facts.certSigner),
    assignedBy: bounded(facts.assignedBy),
    ttlAskedSeconds: bounded(facts.ttlAskedSeconds),
    serialNumber: bounded(facts.serialNumber),
    leafSha256: bounded(facts.leafSha256),
    notAfter: bounded(facts.notAfter),
    meshGeneration: facts.meshGeneration,
    sharedWith: bounded(facts.sharedWith),
    keyHeldBy: bounded(facts.keyHeldBy),
    traceId: bounded(facts.traceId),
    totalMs: decision.elapsedMs(),
    stepsMs: boundedSteps(decision.stepsMs),
  };
}

/** The line for a change that was found after the certificate had been taken. */
export function changedLine(change: CertificateChange, now: number): ChangedLine {
  return {
    kind: 'changed',
    time: new Date(now).toISOString(),
    requestId: boundedText(change.requestId),
    csrName: boundedText(change.csrName),
    csrUid: boundedText(change.csrUid),
    signer: boundedText(change.signer),
    takenSha256: change.takenSha256,
    foundSha256: change.foundSha256,
  };
}

/** What is to be signed, and for whom. */
function orderOf(decision: Decision, now: number): Omit<IntentLine, 'kind'> {
  const { csrName, csrUid, signer, identity, caller, spkiSha256, ttlSeconds } = decision.facts;
  return {
    time: new Date(now).toISOString(),
    requestId: boundedText(decision.requestId),
    csrName: bounded(csrName),
    csrUid: bounded(csrUid),
    signer: bounded(signer),
    identity: bounded(identity),
    caller: bounded(caller),
    spkiSha256: bounded(spkiSha256),
    ttlSeconds,
  };
}

function bounded(text: string | undefined): string | undefined {
  return text === undefined ? undefined : boundedText(text);
}

const maxSteps = 16;

function boundedSteps(stepsMs: Readonly<Record<string, number>>): Record<string, number> {
  const steps = Object.entries(stepsMs).slice(0, maxSteps);
  return Object.fromEntries(steps.map(([step, ms]) => [boundedText(step), ms]));
}
