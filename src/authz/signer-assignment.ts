import type { Labels } from '../mesh/proxy-config.ts';
import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { ProxyConfigSnapshot } from '../mesh/proxy-config-index.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import { askLevel, askMesh, askNamespace, askRules, describeSource } from './assignment-sources.ts';
import type {
  AskedSource,
  AssignmentSettings,
  AssignmentSource,
  SignerRefusal,
} from './assignment-sources.ts';
import { noLimits } from './signer-policy.ts';
import type { SignerLimits, SignerPolicy, SourceName } from './signer-policy.ts';
import { bindingsAgainst } from './signer-rule.ts';
import type { RuleSubject } from './signer-rule.ts';

/** What the configuration assigns, whatever signer the caller requests. */
export type AssignmentOutcome =
  | {
      readonly kind: 'assigned';
      readonly signers: readonly SignerName[];
      /** One of `signers`: what a caller that requests none gets. */
      readonly default: SignerName;
      readonly source: AssignmentSource;
      readonly limits: SignerLimits;
    }
  | { readonly kind: 'unassigned' }
  /** A source assigns a signer and must not be followed; weaker ones are not asked instead. */
  | {
      readonly kind: 'refused';
      readonly reason: SignerRefusal;
      readonly source: AssignmentSource | undefined;
      /** Half a sentence. */
      readonly because: string;
    };

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
   * - `lost`: it names signers, and a stronger one has won.
   * - `off`: it is switched off.
   * - `void`: it says nothing about the caller.
   */
  readonly verdict: 'won' | 'refused' | 'lost' | 'off' | 'void';
  /** Half a sentence. */
  readonly because: string;
}

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

/** An outcome with all that is needed to decide on a requested signer and to explain. Immutable. */
export interface SignerAssignment {
  readonly question: AssignmentQuestion;
  readonly outcome: AssignmentOutcome;
  /**
   * What the caller's other sources name. Such a value may have been written into a pod before the
   * outcome became what it is, so who requests it gets the assigned default.
   */
  readonly weaker: readonly WeakerSigner[];
  /** Each source that was asked, strongest first, with what became of it; made when it is asked for. */
  readonly steps: () => readonly AssignmentStep[];
}

/** Pods of one identity on one node that more ProxyConfigs select are not worth the work. */
const maxSelectingConfigs = 16;

/**
 * Which signers the configuration assigns to a workload: those of the strongest source that does not abstain.
 * Never throws; a configuration that must not be followed is an outcome of its own.
 */
export function resolveAssignment(question: AssignmentQuestion): SignerAssignment {
  const { workload, policy, proxyConfigs, settings, mesh } = question;
  const { namespace } = workload.identity;
  const before = askRules(policy, workload);
  const after = [...askNamespace(namespace, question), ...askMesh(settings, mesh)];
  const resolveFor = (podLabels: Labels | undefined): SignerAssignment => {
    const level = proxyConfigs.workloadLevel(namespace, podLabels);
    return judge([...before, ...askLevel(level, settings.signerDomain), ...after], question);
  };
  const kinds = kindsOfPods(question);
  const [first, ...others] = kinds.slice(0, maxSelectingConfigs).map(resolveFor);
  if (first === undefined) return resolveFor(undefined);
  const all = others.reduce(agreed, first);
  return kinds.length > maxSelectingConfigs && dependsOnPods(all) ? ambiguous(all) : all;
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

function judge(asked: readonly AskedSource[], question: AssignmentQuestion): SignerAssignment {
  const { sources } = question.policy;
  const winner = asked.find(
    ({ from, result: { kind } }) => sources[from] && (kind === 'names' || kind === 'fault'),
  );
  const outcome = winner === undefined ? unassigned : outcomeOf(winner, question);
  const steps = (): readonly AssignmentStep[] => explainSteps(asked, { winner, outcome, sources });
  const weaker = asked.filter((candidate) => candidate !== winner).flatMap(namedBy);
  return { question, outcome, weaker, steps };
}

const unassigned: AssignmentOutcome = { kind: 'unassigned' };

function namedBy({ source, result }: AskedSource): readonly WeakerSigner[] {
  if (source === undefined) return [];
  if (result.kind === 'names') return result.signers.map((signer) => ({ signer, source }));
  if (result.kind !== 'passed-over' || result.signer === undefined) return [];
  return [{ signer: result.signer, source }];
}

function outcomeOf(
  { source, result }: AskedSource,
  question: AssignmentQuestion,
): AssignmentOutcome {
  if (result.kind === 'fault') {
    return { kind: 'refused', source, reason: result.reason, because: result.because };
  }
  if (result.kind !== 'names' || source === undefined) return unassigned;
  const { signers, limits } = result;
  const objections = signers.map((signer) => objectionTo(signer, source, question));
  const objection = objections.find((found) => found !== undefined);
  if (objection !== undefined) return { kind: 'refused', source, ...objection };
  return { kind: 'assigned', signers, default: result.default, source, limits };
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
  if (source.kind === 'proxy-config' && mesh.trust.anchorsOf(signer).length === 0) {
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

interface Judged {
  readonly winner: AskedSource | undefined;
  readonly outcome: AssignmentOutcome;
  readonly sources: SignerPolicy['sources'];
}

/** The trail that leads to an outcome, in the order in which the sources were asked. */
export function explainSteps(
  asked: readonly AskedSource[],
  judged: Judged,
): readonly AssignmentStep[] {
  return asked.map((candidate) => {
    const { from, source } = candidate;
    return { from, source, signers: signersOf(candidate), ...verdictOn(candidate, judged) };
  });
}

function signersOf({ result }: AskedSource): readonly string[] {
  if (result.kind === 'names') return result.signers;
  return result.kind === 'passed-over' && result.signer !== undefined ? [result.signer] : [];
}

function verdictOn(
  candidate: AskedSource,
  { winner, outcome, sources }: Judged,
): Pick<AssignmentStep, 'verdict' | 'because'> {
  const { from, result } = candidate;
  if (!sources[from]) return { verdict: 'off', because: `the policy switches ${from} off` };
  if (result.kind === 'abstains') return { verdict: 'void', because: result.because };
  if (result.kind === 'passed-over') return { verdict: 'lost', because: result.because };
  if (candidate === winner) {
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
