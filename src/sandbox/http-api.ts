import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Answer } from './answer.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { AnswerContext } from './answer-writer.ts';
import { meetApiFault } from './api-faults.ts';
import type { FaultSite } from './api-faults.ts';
import type { RequestAuthenticator } from './request-authenticator.ts';
import type { UserInfo } from './user-info.ts';
import type { Authorizer } from './authorization.ts';
import type { CallLog } from './call-log.ts';
import { discoveryDocument } from './discovery.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { FaultFacts, Faults } from './faults.ts';
import { impersonatedBy } from './impersonation.ts';
import { textAt } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { negotiate } from './presentation.ts';
import type { Presentation } from './presentation.ts';
import { requestInfoOf } from './request-info.ts';
import type { PathRequestInfo, RequestInfo, ResourceRequestInfo } from './request-info.ts';
import { isGroupServed } from './resource-registry.ts';
import type { ResourceApi } from './resource-api.ts';
import type { RequestBody } from './resource-request.ts';
import { noSuchResource, StatusError } from './status-error.ts';
import type { WatchHub } from './watch-hub.ts';

export interface HttpApiOptions {
  readonly api: ResourceApi;
  readonly store: ObjectStore;
  readonly authenticator: RequestAuthenticator;
  readonly authorizer: Authorizer;
  readonly watches: WatchHub;
  readonly faults: Faults;
  readonly calls: CallLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As much as the API server reads of a body. */
const maxBodyLength = 3 * 1024 * 1024;

const plainJson: Presentation = { form: 'whole', mediaType: 'application/json' };
const health = /^\/(?:readyz|livez|healthz)(?:\/.*)?$/;

/** A request that was read and is known to come from `user`. */
interface Visit {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly body: RequestBody;
  readonly presentation: Presentation;
  readonly facts: FaultFacts;
}

/** The HTTP side of the API: from a request to its answer, with the faults in between. */
export class HttpApi {
  readonly #options: HttpApiOptions;

  constructor(options: HttpApiOptions) {
    this.#options = options;
  }

  /** Never rejects: whatever goes wrong becomes a Status. */
  async serve(exchange: HttpExchange): Promise<void> {
    const { clock, watches, log } = this.#options;
    exchange.dateAnswer(clock.now());
    const info = requestInfoOf(exchange.method, exchange.url);
    const writer = new AnswerWriter({ exchange, clock, watches });
    let visit: Visit | undefined;
    let status: number;
    try {
      visit = await this.#admit(exchange, info);
      status = await this.#answer(exchange, visit, writer);
    } catch (error) {
      const failure = StatusError.from(error);
      if (!(error instanceof StatusError)) log.error('the sandbox failed', { error });
      status = writer.giveStatus(failure, visit?.presentation ?? plainJson);
    }
    this.#record(exchange, info, visit, status);
  }

  async #admit(exchange: HttpExchange, info: RequestInfo): Promise<Visit> {
    const bytes = await exchange.readBody(maxBodyLength);
    const [contentType = ''] = (exchange.header('content-type') ?? '').toLowerCase().split(';');
    const body = { bytes, contentType: contentType.trim() };
    const caller = this.#options.authenticator.authenticate({
      authorization: exchange.header('authorization'),
      peerCertificate: exchange.peerCertificate,
    });
    const user = impersonatedBy(caller, exchange, this.#options.authorizer);
    const presentation = info.kind === 'path' ? plainJson : negotiate(exchange.header('accept'));
    return { info, user, body, presentation, facts: this.#factsOf(info, user, bytes) };
  }

  async #answer(exchange: HttpExchange, visit: Visit, writer: AnswerWriter): Promise<number> {
    const { faults, clock } = this.#options;
    const site: FaultSite = { board: faults.api, clock, exchange };
    const before = await meetApiFault(site, visit.facts, 'before');
    if (before.kind === 'over') return before.status;
    const answer = this.#handle(exchange, visit);
    const after = await meetApiFault(site, visit.facts, 'after');
    if (after.kind === 'over') return after.status;
    return writer.give(answer, visit.presentation, contextOf(visit));
  }

  #handle(exchange: HttpExchange, visit: Visit): Answer {
    const { info, user } = visit;
    if (info.kind === 'path') {
      this.#options.authorizer.checkPath(user, info.verb, info.path);
      return pathAnswer(info, exchange.header('host') ?? '127.0.0.1');
    }
    this.#authorize(user, info);
    const { definition } = info;
    if (definition === undefined) {
      if (isGroupServed(info.group)) throw noSuchResource();
      return { kind: 'text', status: 404, text: '404 page not found\n' };
    }
    return this.#options.api.handle({
      ...info,
      definition,
      namespace: definition.namespaced ? info.namespace : undefined,
      name: isCollection(info) ? '' : (info.name ?? ''),
      query: exchange.url.searchParams,
      user,
      userAgent: exchange.header('user-agent') ?? '',
      body: visit.body,
    });
  }

  #authorize(user: UserInfo, info: ResourceRequestInfo): void {
    this.#options.authorizer.check(user, { ...info, resource: info.plural });
  }

  #factsOf(info: RequestInfo, user: UserInfo, body: Buffer): FaultFacts {
    if (info.kind === 'path') return { verb: info.verb, resource: info.path, user: user.username };
    const { verb, plural, subresource, namespace, name } = info;
    const sent = verb === 'create' ? parsedOrNothing(body) : undefined;
    const stored = this.#options.store.get(plural, namespace, name ?? '');
    return {
      verb,
      resource: plural,
      subresource,
      namespace,
      name: name ?? textAt(sent, 'metadata', 'name'),
      signerName: textAt(sent ?? stored, 'spec', 'signerName'),
      user: user.username,
    };
  }

  #record(
    exchange: HttpExchange,
    info: RequestInfo,
    visit: Visit | undefined,
    status: number,
  ): void {
    const { calls, clock } = this.#options;
    const isResource = info.kind === 'resource';
    calls.add({
      verb: info.verb,
      resource: isResource ? info.plural : info.path,
      subresource: isResource ? info.subresource : undefined,
      namespace: isResource ? info.namespace : undefined,
      name: isResource ? info.name : undefined,
      user: visit?.user.username ?? '',
      status,
      at: clock.now(),
      userAgent: exchange.header('user-agent'),
    });
  }
}

function contextOf({ info, facts }: Visit): AnswerContext | undefined {
  if (info.kind === 'path' || info.definition === undefined) return undefined;
  return { definition: info.definition, version: info.version, facts };
}

/** A name that was only selected is a name for the authorizer, not for the handler. */
function isCollection({ verb }: ResourceRequestInfo): boolean {
  return verb === 'list' || verb === 'watch' || verb === 'deletecollection';
}

function pathAnswer({ verb, path }: PathRequestInfo, host: string): Answer {
  if (health.test(path)) return { kind: 'text', status: 200, text: 'ok' };
  const document = verb === 'get' ? discoveryDocument(path, host) : undefined;
  if (document !== undefined) return { kind: 'json', status: 200, value: document };
  return { kind: 'text', status: 404, text: '404 page not found\n' };
}

function parsedOrNothing(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
