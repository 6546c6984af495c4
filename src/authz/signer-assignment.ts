import type { Labels } from '../mesh/proxy-config.ts';
import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { ProxyConfigSnapshot } from '../mesh/proxy-config-index.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { AssignmentOutcome } from './assignment-outcome.ts';
import type { AssignmentSource } from './assignment-source.ts';
import { explainVoices } from './assignment-steps.ts';
import type { AssignmentStep } from './assignment-steps.ts';
import { levelVoices, meshVoices, namespaceVoices, ruleVoices } from './assignment-voices.ts';
import type { AssignmentSettings, Voice } from './assignment-voices.ts';
import { noLimits } from './signer-policy.ts';
import type { SignerLimits, SignerPolicy } from './signer-policy.ts';
import { bindingsAgainst } from './signer-rule.ts';
import type { RuleSubject } from './signer-rule.ts';

/**
 * Whose signer is asked for. There is no room here for a pod's annotations and environment: the
 * pod's author controls them.
 */
export interface Workload extends RuleSubject {
  /** Of every pod that may be meant, each once or more; undefined or empty when none is known. */
  readonly podLabels: readonly Labels[] | undefined;
}

export interface AssignmentQuestion {
  readonly workload: Workload;
  readonly policy: SignerPolicy;
  readonly proxyConfigs: ProxyConfigSnapshot;
  readonly settings: AssignmentSettings;
  readonly mesh: MeshSnapshot;
}

export interface WeakerSigner {
  readonly signer: SignerName;
  readonly source: AssignmentSource;
}

/** An outcome with all that is needed to hear a wish and to explain. Immutable. */
export interface SignerAssignment {
  readonly question: AssignmentQuestion;
  readonly outcome: AssignmentOutcome;
  /**
   * What the caller's other sources name. Such a value may have been written into a pod before the
   * outcome became what it is, so a wish for it is answered with the assigned default.
   */
  readonly weaker: readonly WeakerSigner[];
  /** Each source that was asked, strongest first, with what became of it; made when it is asked for. */
  readonly steps: () => readonly AssignmentStep[];
}

/** Pods of one identity on one node that more ProxyConfigs select are not worth the work. */
const mostSelectingConfigs = 16;

/**
 * Which signers the configuration assigns to a workload: those of the strongest source that speaks.
 * Never throws; a configuration that must not be followed is an outcome of its own.
 */
export function resolveAssignment(question: AssignmentQuestion): SignerAssignment {
  const { workload, policy, proxyConfigs, settings, mesh } = question;
  const { namespace } = workload.identity;
  const before = ruleVoices(policy, workload);
  const after = [...namespaceVoices(namespace, question), ...meshVoices(settings, mesh)];
  const resolveFor = (podLabels: Labels | undefined): SignerAssignment => {
    const level = proxyConfigs.workloadLevel(namespace, podLabels);
    return judge([...before, ...levelVoices(level, settings.signerDomain), ...after], question);
  };
  const kinds = kindsOfPods(question);
  const [first, ...others] = kinds.slice(0, mostSelectingConfigs).map(resolveFor);
  if (first === undefined) return resolveFor(undefined);
  const all = others.reduce(agreed, first);
  return kinds.length > mostSelectingConfigs && dependsOnPods(all) ? ambiguous(all) : all;
}

function dependsOnPods({ outcome, question }: SignerAssignment): boolean {
  const byRule = outcome.kind !== 'unassigned' && outcome.source?.kind === 'rule';
  return question.policy.sources.proxyConfigWorkload && !byRule;
}

/** One pod's labels for each ProxyConfig that selects any of the pods, and for those without one. */
function kindsOfPods({ workload, proxyConfigs }: AssignmentQuestion): readonly Labels[] {
  const { identity, podLabels = [] } = workload;
  const kinds = new Map(
    podLabels.map((labels) => [proxyConfigs.selecting(identity.namespace, labels), labels]),
  );
  return [...kinds.values()];
}

function judge(voices: readonly Voice[], question: AssignmentQuestion): SignerAssignment {
  const { sources } = question.policy;
  const winner = voices.find(
    ({ from, utterance: { kind } }) => sources[from] && (kind === 'names' || kind === 'fault'),
  );
  const outcome = winner === undefined ? unassigned : outcomeOf(winner, question);
  const steps = (): readonly AssignmentStep[] =>
    explainVoices(voices, { winner, outcome, sources });
  const weaker = voices.filter((voice) => voice !== winner).flatMap(namedBy);
  return { question, outcome, weaker, steps };
}

const unassigned: AssignmentOutcome = { kind: 'unassigned' };

function namedBy({ source, utterance }: Voice): readonly WeakerSigner[] {
  if (source === undefined) return [];
  if (utterance.kind === 'names') return utterance.signers.map((signer) => ({ signer, source }));
  if (utterance.kind !== 'passed-over' || utterance.signer === undefined) return [];
  return [{ signer: utterance.signer, source }];
}

function outcomeOf({ source, utterance }: Voice, question: AssignmentQuestion): AssignmentOutcome {
  if (utterance.kind === 'fault') {
    return { kind: 'refused', source, reason: utterance.reason, because: utterance.because };
  }
  if (utterance.kind !== 'names' || source === undefined) return unassigned;
  const { signers, limits } = utterance;
  const objections = signers.map((signer) => objectionTo(signer, source, question));
  const objection = objections.find((found) => found !== undefined);
  if (objection !== undefined) return { kind: 'refused', source, ...objection };
  return { kind: 'assigned', signers, default: utterance.default, source, limits };
}

type Objection = Pick<Extract<AssignmentOutcome, { kind: 'refused' }>, 'reason' | 'because'>;

/** Why a source must not assign a signer to this workload. */
function objectionTo(
  signer: SignerName,
  source: AssignmentSource,
  { policy, workload, mesh }: AssignmentQuestion,
): Objection | undefined {
  const [binding] = bindingsAgainst(policy, workload, signer);
  if (binding !== undefined) {
    const because = `rule ${binding.name} (line ${binding.line}) binds ${signer} to others`;
    return { reason: 'signer_bound_elsewhere', because };
  }
  // Tenants write ProxyConfigs: to them a signer that is not there must look like one they may not
  // have. What an operator wrote is answered in the open, when the roots are looked up.
  if (source.kind === 'proxy-config' && mesh.trust.rootsFor(signer).length === 0) {
    return { reason: 'signer_unknown', because: `the mesh has no root for ${signer}` };
  }
  return undefined;
}

/** Two pods of one identity: a node agent does not say which of them it asks for. */
function agreed(one: SignerAssignment, other: SignerAssignment): SignerAssignment {
  if (one.outcome.kind === 'refused') return one;
  if (other.outcome.kind === 'refused') return other;
  const both = { ...one, weaker: [...one.weaker, ...other.weaker] };
  return sameSigners(one.outcome, other.outcome) ? both : ambiguous(both);
}

function ambiguous(assignment: SignerAssignment): SignerAssignment {
  const because = 'pods of this identity on the node carry labels that lead to different signers';
  const reason = 'ambiguous_workload_labels';
  return { ...assignment, outcome: { kind: 'refused', source: undefined, reason, because } };
}

function sameSigners(one: AssignmentOutcome, other: AssignmentOutcome): boolean {
  if (one.kind !== 'assigned' || other.kind !== 'assigned') return one.kind === other.kind;
  return one.default === other.default && one.signers.join() === other.signers.join();
}

/** The limits that the outcome brings; none where nothing is assigned. */
export function limitsOf({ outcome }: SignerAssignment): SignerLimits {
  return outcome.kind === 'assigned' ? outcome.limits : noLimits;
}
