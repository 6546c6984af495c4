import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Answer, WatchOrder } from './answer.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { FaultFacts } from './faults.ts';
import { presentList, presentObject, serialize } from './presentation.ts';
import type { ObjectContext, Presentation } from './presentation.ts';
import { isTrue } from './request-info.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import type { StatusError } from './status-error.ts';
import type { WatchHub } from './watch-hub.ts';
import type { WatchTarget } from './watch-session.ts';

export interface AnswerWriterOptions {
  readonly exchange: HttpExchange;
  readonly clock: Clock;
  readonly watches: WatchHub;
}

/** What an answer about a resource's objects must know of the request. */
export interface AnswerContext {
  readonly definition: ResourceDefinition;
  readonly version: string;
  readonly facts: FaultFacts;
}

const peoplesAgents = /^(?:curl|Wget|Mozilla)\//;

/** Gives answers their form and sends them. */
export class AnswerWriter {
  readonly #exchange: HttpExchange;
  readonly #clock: Clock;
  readonly #watches: WatchHub;

  constructor({ exchange, clock, watches }: AnswerWriterOptions) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#watches = watches;
  }

  /** Sends the answer; the HTTP status that it has. */
  give(answer: Answer, presentation: Presentation, context: AnswerContext | undefined): number {
    const objectContext = context === undefined ? undefined : this.#objectContext(context);
    switch (answer.kind) {
      case 'text':
        return this.#send(answer.status, 'text/plain; charset=utf-8', answer.text);
      case 'json':
        return this.#sendValue(answer.status, answer.value, presentation);
      case 'object':
        if (objectContext === undefined) throw new Error('an object needs its resource');
        return this.#sendValue(
          answer.status,
          presentObject(answer.object, presentation, objectContext),
          presentation,
        );
      case 'list':
        if (objectContext === undefined) throw new Error('a list needs its resource');
        return this.#sendValue(
          200,
          presentList(answer.list, presentation, objectContext),
          presentation,
        );
      case 'watch':
        if (context === undefined) throw new Error('a watch needs its resource');
        return this.#openWatch(answer.order, presentation, context);
    }
  }

  giveStatus(error: StatusError, presentation: Presentation): number {
    const seconds = error.details?.retryAfterSeconds;
    const retry: Record<string, string> =
      seconds === undefined ? {} : { 'retry-after': String(seconds) };
    return this.#sendValue(error.code, error.toStatus(), presentation, retry);
  }

  #objectContext({ definition, version }: AnswerContext): ObjectContext {
    const includeObject = this.#exchange.url.searchParams.get('includeObject') ?? 'Metadata';
    return { definition, version, includeObject, now: this.#clock.now() };
  }

  #sendValue(
    status: number,
    value: unknown,
    presentation: Presentation,
    headers: Readonly<Record<string, string>> = {},
  ): number {
    const text = serialize(value, presentation, this.#isForPeople());
    return this.#send(status, presentation.mediaType, text, headers);
  }

  #isForPeople(): boolean {
    const pretty = this.#exchange.url.searchParams.get('pretty');
    if (pretty !== null) return isTrue(pretty);
    return peoplesAgents.test(this.#exchange.header('user-agent') ?? '');
  }

  #send(
    status: number,
    contentType: string,
    text: string,
    headers: Readonly<Record<string, string>> = {},
  ): number {
    this.#exchange.answer(status, { ...this.#headers(contentType), ...headers }, text);
    return status;
  }

  #headers(contentType: string): Readonly<Record<string, string>> {
    return {
      'content-type': contentType,
      'cache-control': 'no-cache, private',
      'audit-id': randomUUID(),
      // The sandbox's own clock, so that a test can set it wrong.
      date: new Date(this.#clock.now()).toUTCString(),
    };
  }

  #openWatch(order: WatchOrder, { form }: Presentation, context: AnswerContext): number {
    const exchange = this.#exchange;
    const presentation: Presentation = { form, mediaType: 'application/json' };
    let isFirst = true;
    const target: WatchTarget = {
      send: (type, object) => {
        const presented =
          type === 'ERROR'
            ? object
            : presentObject(object, presentation, this.#objectContext(context));
        // Columns are told once.
        const isLaterTable = form === 'table' && type !== 'ERROR' && !isFirst;
        const shown = isLaterTable ? { ...presented, columnDefinitions: null } : presented;
        isFirst = false;
        exchange.write(`${JSON.stringify({ type, object: shown })}\n`);
      },
      sendRaw: (text, whenWritten) => {
        exchange.write(text, whenWritten);
      },
      get backlog() {
        return exchange.backlog;
      },
      close: () => {
        exchange.end();
      },
      drop: () => {
        exchange.drop();
      },
      onGone: (listener) => {
        exchange.onGone(listener);
      },
    };
    exchange.startStream(this.#headers('application/json'));
    this.#watches.open(order, context.facts, target);
    return 200;
  }
}
