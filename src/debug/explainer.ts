import type { AssignmentInputSource } from '../authz/assignment-inputs.ts';
import { describeSource } from '../authz/assignment-sources.ts';
import { explainSigner } from '../authz/granted-signer.ts';
import type { SignerExplanation } from '../authz/granted-signer.ts';
import { rootsTrustedBy } from '../authz/trusted-signers.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { AccessReviews } from '../kube/reviews.ts';
import type { IssuerStatuses } from '../kube/issuers.ts';
import type { PodLookup } from '../kube/pod-directory.ts';
import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { Labels } from '../mesh/proxy-config.ts';
import { SpiffeIdError, workloadId } from '../pki/spiffe-id.ts';
import type { SpiffeId, TrustDomain } from '../pki/spiffe-id.ts';
import { eachOnce } from '../pki/authorities.ts';
import type { KnownIssuers } from '../ra/known-issuers.ts';
import { grantLifetime } from '../ra/lifetime.ts';
import type { RecentDecision, RecentDecisions } from '../ra/recent-decisions.ts';
import { rootSummary } from './root-summary.ts';
import type { RootSummary } from './root-summary.ts';

/** Of whom, and as what, a person wants to know. */
export interface ExplainQuestion {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The CertSigner that the client sends; undefined or "" for none. */
  readonly signer: string | undefined;
  /** A pod of the workload, for ProxyConfigs that select by labels. */
  readonly pod: string | undefined;
  /** The node agent that asks for it, as `namespace/account`. */
  readonly nodeAgent: string | undefined;
  /** Seconds that the client asks for; 0 for none. */
  readonly ttlSeconds: number;
}

/** The whole answer, ready for JSON. */
export interface Explanation {
  readonly identity: string;
  readonly verdict:
    | {
        readonly kind: 'granted';
        readonly signer: string;
        readonly assignedBy: string;
        readonly servedInsteadOf?: string | undefined;
      }
    | {
        readonly kind: 'refused';
        readonly code: string;
        readonly reason: string;
        readonly because: string;
      };
  /** Each source that was asked, strongest first. */
  readonly steps: readonly {
    readonly from: string;
    readonly source: string | undefined;
    readonly resourceVersion: string | undefined;
    readonly signers: readonly string[];
    readonly verdict: string;
    readonly because: string;
  }[];
  /** What the workload would trust: the roots of its signer, then those of its partners. */
  readonly roots: readonly RootSummary[];
  readonly lifetime?: { readonly seconds?: number; readonly refused?: string };
  readonly nodeAgent?: { readonly account: string; readonly trusted: boolean };
  /** Whether we may approve for the signer; undefined where somebody else approves. */
  readonly mayApprove?: boolean | string;
  /** What the signer's own issuer says of itself. */
  readonly issuer?: string | undefined;
  /** The newest first. */
  readonly recentRefusals: readonly RecentDecision[];
}

/** Says in a few words how a signer's issuer is; undefined where it cannot be found out. */
export type DescribeIssuer = (
  signerName: string,
  signal: AbortSignal,
) => Promise<string | undefined>;

export interface ExplainerOptions {
  readonly config: Pick<RaConfig, 'approval' | 'cluster' | 'lifetime' | 'trustedNodeAccounts'>;
  readonly inputSource: AssignmentInputSource;
  readonly podLookup: PodLookup;
  readonly accessReviews: AccessReviews;
  readonly describeIssuer: DescribeIssuer | undefined;
  readonly recent: RecentDecisions;
  /** Those of the registration authority, so that no lifetime is promised that no request gets. */
  readonly issuers: KnownIssuers;
  readonly clock: Clock;
}

type GrantedVerdict = Extract<SignerExplanation['verdict'], { readonly kind: 'granted' }>;

const withinMs = 5_000;
const maxRefusals = 10;

/** Answers what a workload would be told, by the code that tells it. */
export class Explainer {
  readonly #options: ExplainerOptions;

  constructor(options: ExplainerOptions) {
    this.#options = options;
  }

  /** Throws RaError NOT_READY before the configuration was read, and when the API does not answer. */
  async explain(question: ExplainQuestion): Promise<Explanation> {
    const { clock } = this.#options;
    const reason = (): Error =>
      new RaError('NOT_READY', 'the Kubernetes API did not answer in time');
    return withDeadline({ clock, ms: withinMs, reason }, (signal) =>
      this.#answer(question, signal),
    );
  }

  async #answer(question: ExplainQuestion, signal: AbortSignal): Promise<Explanation> {
    const { config, inputSource, recent } = this.#options;
    const podLabels = await this.#podLabels(question, signal);
    const inputs = inputSource.current();
    const { trustDomain } = inputs.mesh.config;
    const id = identityOf(question, trustDomain);
    const cluster = config.cluster.id;
    const namespaceLabels = inputs.namespaceLabels(id.namespace, cluster);
    const workload = { identity: id, cluster, namespaceLabels, podLabels };
    const { verdict, steps } = explainSigner(workload, question.signer, inputs);
    const common = {
      identity: id.uri,
      steps: steps.map(describeStep),
      ...this.#describeNodeAgent(question),
      recentRefusals: recent.refusalsOf(id.uri, maxRefusals),
    };
    if (verdict.kind === 'refused') return { ...common, ...describeRefusal(verdict.error) };
    const { signer, source, servedInsteadOf } = verdict;
    try {
      inputs.mesh.trust.requireAnchorsOf(signer);
    } catch (error) {
      return { ...common, ...describeRefusal(RaError.from(error)) };
    }
    return {
      ...common,
      verdict: { kind: 'granted', signer, assignedBy: source, servedInsteadOf },
      roots: eachOnce(rootsTrustedBy(inputs, signer)).map(rootSummary),
      lifetime: this.#lifetime(question, verdict, inputs.mesh),
      ...(await this.#describeSigner(signer, signal)),
    };
  }

  async #podLabels(
    { namespace, pod }: ExplainQuestion,
    signal: AbortSignal,
  ): Promise<readonly Labels[] | undefined> {
    if (pod === undefined) return undefined;
    const found = await this.#options.podLookup.read(namespace, pod, signal);
    if (found === undefined) {
      throw new RaError('REQUEST_MALFORMED', `there is no pod ${namespace}/${pod}`);
    }
    return [found.labels];
  }

  #describeNodeAgent({ nodeAgent }: ExplainQuestion): Pick<Explanation, 'nodeAgent'> {
    if (nodeAgent === undefined) return {};
    const { trustedNodeAccounts } = this.#options.config;
    const trusted = trustedNodeAccounts.some(
      ({ namespace, serviceAccount }) => nodeAgent === `${namespace}/${serviceAccount}`,
    );
    return { nodeAgent: { account: nodeAgent, trusted } };
  }

  #lifetime(
    { ttlSeconds }: ExplainQuestion,
    { signer, limits }: Pick<GrantedVerdict, 'signer' | 'limits'>,
    { trust }: MeshSnapshot,
  ): { readonly seconds?: number; readonly refused?: string } {
    const { config, issuers, clock } = this.#options;
    const question = { requestedTtlSeconds: BigInt(ttlSeconds), signerName: signer, limits };
    const grounds = { lifetime: config.lifetime, issuers, trust, now: clock.now() };
    try {
      return { seconds: grantLifetime(question, grounds) };
    } catch (error) {
      return { refused: RaError.from(error).message };
    }
  }

  async #describeSigner(
    signer: string,
    signal: AbortSignal,
  ): Promise<Pick<Explanation, 'mayApprove' | 'issuer'>> {
    const { accessReviews, describeIssuer, config } = this.#options;
    const right = {
      verb: 'approve',
      group: 'certificates.k8s.io',
      resource: 'signers',
      name: signer,
    };
    const problem = (error: unknown): string => `not known: ${RaError.from(error).message}`;
    const [mayApprove, issuer] = await Promise.all([
      config.approval === 'self' ? accessReviews.can(right, signal).catch(problem) : undefined,
      describeIssuer?.(signer, signal).catch(problem),
    ]);
    return { ...(mayApprove === undefined ? {} : { mayApprove }), issuer };
  }
}

/** What a signer's issuer says of itself in its status. */
export function describeIssuerBy(issuers: IssuerStatuses): DescribeIssuer {
  return async (signerName, signal) => {
    const status = await issuers.read(signerName, signal);
    if (status === undefined) return undefined;
    const { kind, namespace, name, ready, reason, message } = status;
    const place = namespace === undefined ? name : `${namespace}/${name}`;
    const state = ready === 'True' ? 'ready' : `NOT ready (${ready})`;
    const why = [reason, message].filter((part) => part !== '').join(': ');
    return `${kind} ${place} is ${state}${why === '' ? '' : `: ${why}`}`;
  };
}

function describeRefusal({
  code,
  reason,
  message,
}: RaError): Pick<Explanation, 'verdict' | 'roots'> {
  return { verdict: { kind: 'refused', code, reason, because: message }, roots: [] };
}

function describeStep({
  from,
  source,
  signers,
  verdict,
  because,
}: SignerExplanation['steps'][number]): Explanation['steps'][number] {
  const resourceVersion = source?.kind === 'proxy-config' ? source.resourceVersion : undefined;
  const named = source === undefined ? undefined : describeSource(source);
  return { from, source: named, resourceVersion, signers, verdict, because };
}

/** Throws RaError REQUEST_MALFORMED for names that no workload can have. */
function identityOf(question: ExplainQuestion, trustDomain: TrustDomain): SpiffeId {
  try {
    return workloadId({ ...question, trustDomain });
  } catch (cause) {
    if (!(cause instanceof SpiffeIdError)) throw cause;
    throw new RaError('REQUEST_MALFORMED', cause.message, { reason: cause.reason, cause });
  }
}
