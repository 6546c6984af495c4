import type { JsonObject } from '../../base/json.ts';
import { badAnswer } from './answer-errors.ts';
import { pathPrefixOf, readObject } from './json-answer.ts';
import type { KubeTransport, TransportRequest } from './transport.ts';

export interface JsonCall extends Omit<TransportRequest, 'path'> {
  /** Each one a segment of the path; it is escaped. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
}

/** Calls that the typed API classes have no method for, or whose answer these would not ask for. */
export class JsonCalls {
  readonly #transport: KubeTransport;
  readonly #prefix: string;

  constructor(transport: KubeTransport, server: string) {
    this.#transport = transport;
    this.#prefix = pathPrefixOf(server);
  }

  /**
   * The answer, which is an object in JSON. Rejects with a `KubeApiError`, or with the signal's own
   * reason when it aborts first. Throws where a segment would lead to another path.
   */
  async send({ path, query, ...call }: JsonCall, signal: AbortSignal): Promise<JsonObject> {
    if (path.some((segment) => /^\.{0,2}$/.test(segment))) {
      throw badAnswer('a name in the path is empty or dots', call);
    }
    const segments = path.map((segment) => `/${encodeURIComponent(segment)}`).join('');
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    const request = { ...call, path: `${this.#prefix}${segments}${search}` };
    const { text } = await this.#transport.call(request, signal);
    return readObject(text, call);
  }
}
