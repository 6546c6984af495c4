import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { Admission } from '../admission/admission.ts';
import type { AdmissionCounts, RatedCaller } from '../admission/admission.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import type { Caller } from '../authn/caller.ts';
import { GrantedIdentity } from '../authz/granted-identity.ts';
import type { NodeAuthorizer } from '../authz/granted-identity.ts';
import type { Clock } from '../base/clock.ts';
import { abortable } from '../base/deadline.ts';
import type { Logger } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import { Decision } from '../ra/decision.ts';
import type { CertificateIssuer } from '../ra/issue-request.ts';
import type { IssuedChain } from '../ra/issued-chain.ts';
import type { CertificateRequestMessage, CertificateResponseMessage } from './proto.ts';
import { newRequestId, readablePeer, RequestContext } from './request-context.ts';
import { readRequestMetadata } from './request-metadata.ts';
import { isRetriedAtOnce, toClientStatus } from './status.ts';
import type { ClientStatus } from './status.ts';

export interface CertificateServiceOptions {
  readonly authenticator: Authenticator;
  /** Absent where no node account is trusted to ask for its pods. */
  readonly nodeAuthorizer?: NodeAuthorizer | undefined;
  readonly issuer: CertificateIssuer;
  readonly decisions: DecisionLog;
  /** Who may come in when many come at once; without it everybody may. */
  readonly admission?: Admission | undefined;
  /** Called as each call comes in; it must not throw. */
  readonly onStarted?: (() => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long one request may take, in milliseconds; 60 s where absent. */
  readonly budgetMs?: number;
}

type Call = ServerUnaryCall<CertificateRequestMessage, CertificateResponseMessage>;
type Respond = sendUnaryData<CertificateResponseMessage>;

const defaultBudgetMs = 60_000;

/**
 * CreateCertificate: who asks, what they may have, and the certificate for it. Each call is accounted
 * in the decision log once, before its answer, however it ends.
 */
export class CertificateService {
  readonly #options: CertificateServiceOptions;
  readonly #admission: Admission;
  readonly #contexts = new Set<RequestContext>();

  constructor(options: CertificateServiceOptions) {
    this.#options = options;
    this.#admission = options.admission ?? Admission.unlimited(options.clock);
  }

  /** How many calls have no answer yet. */
  get inFlight(): number {
    return this.#contexts.size;
  }

  /** How many wait, are at work, are held back and were turned away. */
  get admissionCounts(): AdmissionCounts {
    return this.#admission.counts;
  }

  /** For a drain: whoever waits for its turn is answered NOT_READY, and nobody waits any more. */
  drain(): void {
    this.#admission.close();
  }

  /** Ends every call in flight with NOT_READY, for a drain whose time is over. */
  interrupt(): void {
    for (const context of this.#contexts) {
      context.abort(
        new RaError('NOT_READY', 'the server stopped before the certificate was there', {
          reason: 'shutting_down',
        }),
      );
    }
  }

  /**
   * Accounts a call that ended before its message was here, and returns what to answer. Never throws.
   */
  refuseUnread(peer: string, error: RaError): ClientStatus {
    const { clock, decisions, log, onStarted } = this.#options;
    const decision = new Decision(newRequestId(), clock);
    try {
      onStarted?.();
      decision.note({ peer: readablePeer(peer) });
      decisions.refused(decision, error);
    } catch (problem) {
      log.error('the decision could not be written', {
        requestId: decision.requestId,
        error: problem,
      });
    }
    return toClientStatus(error, decision.requestId);
  }

  /** The handler to register with grpc-js. It always answers and never throws or rejects. */
  async createCertificate(call: Call, respond: Respond): Promise<void> {
    const { clock, log, onStarted, budgetMs = defaultBudgetMs } = this.#options;
    try {
      onStarted?.();
      const context = new RequestContext(call, { clock, budgetMs });
      this.#contexts.add(context);
      try {
        await this.#answer(call.request, context, respond);
      } finally {
        this.#contexts.delete(context);
        context.release();
      }
    } catch (error) {
      log.error('a certificate call failed outside of its own error handling', { error });
    }
  }

  async #answer(
    request: CertificateRequestMessage,
    context: RequestContext,
    respond: Respond,
  ): Promise<void> {
    const decision = new Decision(context.requestId, this.#options.clock, context.traceParent);
    decision.note({ peer: context.peer });
    const issuing = this.#issue(request, context, decision);
    const outcome = await abortable(issuing, context.signal).catch((error: unknown) =>
      RaError.from(error),
    );
    const failure = await this.#account(decision, outcome);
    if (failure !== undefined) await this.#refuse(failure, context, respond);
    else if (outcome instanceof RaError) await this.#refuse(outcome, context, respond);
    else respond(null, { cert_chain: [...outcome.elements] });
  }

  /** Its slots are free and its decision is written: nothing waits for a refusal that is held back. */
  async #refuse(
    error: RaError,
    { requestId, signal }: RequestContext,
    respond: Respond,
  ): Promise<void> {
    const answer = toClientStatus(error, requestId);
    if (isRetriedAtOnce(answer.code)) await this.#admission.holdBack(signal);
    respond(answer);
  }

  /** Writes the decision line. Without one nobody gets a certificate: the error is the answer. */
  async #account(decision: Decision, outcome: IssuedChain | RaError): Promise<RaError | undefined> {
    const { decisions, log } = this.#options;
    try {
      if (outcome instanceof RaError) decisions.refused(decision, outcome);
      else await decisions.issued(decision);
      return undefined;
    } catch (error) {
      log.error('the decision could not be written', { requestId: decision.requestId, error });
      return RaError.from(error);
    }
  }

  async #issue(
    request: CertificateRequestMessage,
    context: RequestContext,
    decision: Decision,
  ): Promise<IssuedChain> {
    const { nodeAuthorizer, issuer } = this.#options;
    const { signal } = context;
    const bytes = request.csr.length;
    const caller = await this.#authenticate(context, decision, bytes);
    const { certSigner, impersonatedIdentity } = readRequestMetadata(request.metadata);
    this.#admission.count(ratedCaller(caller, impersonatedIdentity), context.peer);
    const identity = await decision.timed('authorize', () =>
      GrantedIdentity.grant({ caller, impersonated: impersonatedIdentity }, nodeAuthorizer, signal),
    );
    decision.note({ identity: identity.id.uri });
    const requestedTtlSeconds = BigInt(request.validity_duration);
    const { namespace } = identity.id;
    const slot = await decision.timed('queue', () =>
      this.#admission.authenticated({ namespace, bytes, signal }),
    );
    try {
      const order = { identity, csrPem: request.csr, requestedTtlSeconds, certSigner, decision };
      return await abortable(issuer.issue(order, signal), signal);
    } finally {
      slot.release();
    }
  }

  async #authenticate(
    { credentials, peer, signal }: RequestContext,
    decision: Decision,
    bytes: number,
  ): Promise<Caller> {
    const { authenticator } = this.#options;
    const slot = await decision.timed('queue_authentication', () =>
      this.#admission.unauthenticated({ connection: peer, bytes, signal }),
    );
    try {
      const caller = await decision.timed('authenticate', () =>
        abortable(authenticator.authenticate(credentials, signal), signal),
      );
      noteCaller(decision, caller);
      return caller;
    } catch (error) {
      const isNobody = error instanceof RaError && error.code === 'CALLER_UNAUTHENTICATED';
      if (isNobody) this.#admission.failed(peer);
      throw error;
    } finally {
      slot.release();
    }
  }
}

function noteCaller(decision: Decision, { identity, method, cluster, pod }: Caller): void {
  decision.note({ caller: identity.uri, method, callerCluster: cluster });
  if (pod !== undefined) decision.note({ callerPod: pod.name, callerPodUid: pod.uid });
}

/**
 * Whoever asks for somebody else is counted as a node agent before anybody knows whether it is one:
 * where it is not, it gets nothing by it.
 */
function ratedCaller({ pod, cluster, identity }: Caller, impersonated = ''): RatedCaller {
  if (pod === undefined) return { kind: 'identity', id: identity.uri };
  return { kind: impersonated === '' ? 'pod' : 'node-agent', id: `${cluster}/${pod.uid}` };
}
