import {
  ResponseContext,
  ServerConfiguration,
  createConfiguration,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import type { Configuration, HttpInfo, RequestContext } from '@kubernetes/client-node';
import { KubeApiError } from '../api-error.ts';
import { badAnswer } from './answer-errors.ts';
import type { CallName } from './answer-errors.ts';
import type { KubeTransport, TransportRequest } from './transport.ts';

/** What a typed API class takes as the last argument of a call. */
export type CallOptions = Partial<Configuration>;

export interface ApiCall extends CallName {
  /** Sent in place of what the typed API makes of its argument. */
  readonly body?: string;
  /** See TransportRequest. */
  readonly tenant?: string | undefined;
}

type Invoke = (options: CallOptions) => Promise<HttpInfo<unknown>>;

/**
 * Runs client-node's typed API classes over our transport: they make path, query and body, the
 * transport sends, and the answer comes back as the JSON that the server sent.
 */
export class ApiCalls {
  /** For the constructors of the API classes. */
  readonly configuration: Configuration;
  readonly #transport: KubeTransport;
  readonly #originLength: number;

  constructor(transport: KubeTransport, server: string) {
    this.#transport = transport;
    this.#originLength = new URL(server).origin.length;
    this.configuration = createConfiguration({ baseServer: new ServerConfiguration(server, {}) });
  }

  /**
   * The answer's JSON. Rejects with a `KubeApiError`, or with the signal's own reason when it
   * aborts first.
   */
  async send(call: ApiCall, signal: AbortSignal, invoke: Invoke): Promise<unknown> {
    const httpApi = wrapHttpLibrary({ send: (context) => this.#forward(call, signal, context) });
    try {
      const answer = await invoke({ httpApi });
      return JSON.parse(await answer.body.text()) as unknown;
    } catch (error) {
      if (signal.aborted) throw signal.reason as Error;
      if (error instanceof KubeApiError) throw error;
      throw badAnswer('the answer cannot be read', call, error);
    }
  }

  async #forward(
    call: ApiCall,
    signal: AbortSignal,
    context: RequestContext,
  ): Promise<ResponseContext> {
    const body = call.body ?? context.getBody();
    const request: TransportRequest = {
      verb: call.verb,
      resource: call.resource,
      tenant: call.tenant,
      method: context.getHttpMethod() as TransportRequest['method'],
      path: context.getUrl().slice(this.#originLength),
      body: typeof body === 'string' ? body : undefined,
    };
    const { status, text } = await this.#transport.call(request, signal);
    return new ResponseContext(status, asText, {
      text: () => Promise.resolve(text),
      binary: () => Promise.resolve(Buffer.from(text)),
      stream: () => null,
    });
  }
}

/**
 * Keeps client-node from parsing the answer and building its own model of it, which costs a fifth
 * of a call's CPU and loses what the model does not know: we read the JSON ourselves, once.
 */
const asText = { 'content-type': 'text/plain' };
