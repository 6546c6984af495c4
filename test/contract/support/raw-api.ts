import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { RawWatch } from './raw-watch.ts';

/** With what a caller proves who it is. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'certificate';
      readonly certificatePem: string;
      readonly privateKeyPem: string;
    };

/** JSON of which a test knows the shape better than a type could say. */
export type Json = Readonly<Record<string, unknown>>;

export interface RawRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** From the server's root. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** An object goes as JSON, a text as it is. */
  readonly body?: Json | readonly unknown[] | string | undefined;
  readonly contentType?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; an empty object where it is none. */
  readonly json: Json;
}

export interface RawApiOptions {
  readonly url: string;
  readonly caPem: string;
  readonly credentials: Credentials;
}

const timeoutMs = 15_000;

/** Plain HTTPS to an API server: what it says, nothing interpreted, nothing retried. */
export class RawApi {
  readonly #options: RawApiOptions;
  readonly #agent: Agent;

  constructor(options: RawApiOptions) {
    const { caPem, credentials } = options;
    this.#options = options;
    this.#agent = new Agent({
      keepAlive: true,
      ca: caPem,
      ...(credentials.kind === 'certificate'
        ? { cert: credentials.certificatePem, key: credentials.privateKeyPem }
        : {}),
    });
  }

  /** The same server, asked by somebody else. */
  as(credentials: Credentials): RawApi {
    return new RawApi({ ...this.#options, credentials });
  }

  async send(request: RawRequest): Promise<RawAnswer> {
    const message = await this.#open(request, AbortSignal.timeout(timeoutMs));
    const body = await text(message);
    return {
      status: message.statusCode ?? 0,
      headers: message.headers,
      text: body,
      json: jsonOf(body),
    };
  }

  /** Opens a watch; rejects unless the server accepts it. */
  async watch(
    path: string,
    query: Readonly<Record<string, string>>,
    accept = 'application/json',
  ): Promise<RawWatch> {
    const stopping = new AbortController();
    const request = { path, query: { ...query, watch: 'true' }, accept };
    const message = await this.#open(request, stopping.signal);
    if (message.statusCode !== 200) throw new Error(`no watch: ${await text(message)}`);
    return new RawWatch(message, stopping);
  }

  /** Lets go of the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  #open(request: RawRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { method = 'GET', path, query = {}, body } = request;
    const search = new URLSearchParams(query).toString();
    const url = `${this.#options.url}${path}${search === '' ? '' : `?${search}`}`;
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const headers = this.#headers(request);
    return new Promise((resolve, reject) => {
      const sent = httpsRequest(url, { method, agent: this.#agent, headers, signal });
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(payload);
    });
  }

  #headers({ body, contentType, accept = 'application/json', headers = {} }: RawRequest) {
    const { credentials } = this.#options;
    const length = Buffer.byteLength(typeof body === 'string' ? body : JSON.stringify(body ?? ''));
    return {
      accept,
      ...(body === undefined
        ? {}
        : { 'content-type': contentType ?? 'application/json', 'content-length': String(length) }),
      ...(credentials.kind === 'token' ? { authorization: `Bearer ${credentials.token}` } : {}),
      ...headers,
    };
  }
}

/** The object without its fields of these names. */
export function without(object: Json, ...names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

function jsonOf(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return {};
  }
}
