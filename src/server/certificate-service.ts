import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { Authenticator } from '../authn/authenticator.ts';
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
import { RequestContext } from './request-context.ts';
import { readRequestMetadata } from './request-metadata.ts';
import { toClientStatus } from './status.ts';

export interface CertificateServiceOptions {
  readonly authenticator: Authenticator;
  /** Absent where no node account is trusted to ask for its pods. */
  readonly nodeAuthorizer?: NodeAuthorizer | undefined;
  readonly issuer: CertificateIssuer;
  readonly decisions: DecisionLog;
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
  readonly #contexts = new Set<RequestContext>();

  constructor(options: CertificateServiceOptions) {
    this.#options = options;
  }

  /** How many calls have no answer yet. */
  get inFlight(): number {
    return this.#contexts.size;
  }

  /** Ends every call in flight with NOT_READY, for a shutdown whose grace is over. */
  interrupt(): void {
    for (const context of this.#contexts) {
      context.abort(
        new RaError('NOT_READY', 'the server stopped before the certificate was there', {
          reason: 'shutting_down',
        }),
      );
    }
  }

  /** The handler to register with grpc-js. It always answers and never throws or rejects. */
  async createCertificate(call: Call, respond: Respond): Promise<void> {
    const { clock, log, budgetMs = defaultBudgetMs } = this.#options;
    try {
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
    const decision = new Decision(context.requestId, this.#options.clock);
    decision.note({ peer: context.peer });
    const issuing = this.#issue(request, context, decision);
    const outcome = await abortable(issuing, context.signal).catch((error: unknown) =>
      RaError.from(error),
    );
    const failure = await this.#account(decision, outcome);
    if (failure !== undefined) respond(toClientStatus(failure, context.requestId));
    else if (outcome instanceof RaError) respond(toClientStatus(outcome, context.requestId));
    else respond(null, { cert_chain: [...outcome.elements] });
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
    { credentials, signal }: RequestContext,
    decision: Decision,
  ): Promise<IssuedChain> {
    const { authenticator, nodeAuthorizer, issuer } = this.#options;
    const caller = await decision.timed('authenticate', () =>
      authenticator.authenticate(credentials, signal),
    );
    decision.note({ caller: caller.identity.uri, method: caller.method });
    decision.note({ callerCluster: caller.cluster });
    if (caller.pod !== undefined) {
      decision.note({ callerPod: caller.pod.name, callerPodUid: caller.pod.uid });
    }
    const { certSigner, impersonatedIdentity } = readRequestMetadata(request.metadata);
    const identity = await decision.timed('authorize', () =>
      GrantedIdentity.grant({ caller, impersonated: impersonatedIdentity }, nodeAuthorizer, signal),
    );
    decision.note({ identity: identity.id.uri });
    const requestedTtlSeconds = BigInt(request.validity_duration);
    return issuer.issue(
      { identity, csrPem: request.csr, requestedTtlSeconds, certSigner, decision },
      signal,
    );
  }
}
