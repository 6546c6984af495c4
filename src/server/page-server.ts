import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { listen } from './listen.ts';

/** What a page answers. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  /** The body compressed, for whoever takes that. */
  readonly gzipped?: Buffer;
}

/** One page or one question; it sees the query, and nothing else of the request. */
export type PageRoute = (query: URLSearchParams) => Page | Promise<Page>;

/** What sets the pages of one port apart from those of another. */
export interface PagePolicy {
  readonly methods: readonly ('GET' | 'HEAD')[];
  /** Sent with every page. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxConnections: number;
  /** What the log says of a page that could not be made. */
  readonly failure: string;
  /** The page for a request that is not served at all; undefined for one that is. */
  readonly refuse?: (request: IncomingMessage) => Page | undefined;
}

export interface PageServerOptions {
  /** By whole path, such as `/debug/explain`. */
  readonly routes: ReadonlyMap<string, PageRoute>;
  readonly policy: PagePolicy;
  readonly log: Logger;
}

/** Serves pages over plain HTTP. It reads no request body. */
export class PageServer implements Stoppable {
  readonly #options: PageServerOptions;
  readonly #server: Server;

  constructor(options: PageServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: 8_192,
        headersTimeout: 5_000,
        requestTimeout: 5_000,
        keepAliveTimeout: 15_000,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => {
        void this.#serve(request, response);
      },
    );
    this.#server.maxConnections = options.policy.maxConnections;
  }

  /** Listens on `host:port` or `:port` and resolves with the address as bound. */
  start(address: string): Promise<string> {
    return listen(this.#server, address, this.#options.log);
  }

  /** Closes the listener and all connections, answered or not. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#send(request, response, await this.#pageFor(request, response));
    } catch (error) {
      const [path] = pathAndQuery(request);
      this.#options.log.error(this.#options.policy.failure, { path, error });
      this.#send(request, response, textPage(500, 'internal error'));
    }
  }

  async #pageFor(request: IncomingMessage, response: ServerResponse): Promise<Page> {
    const { routes, policy } = this.#options;
    const refusal = policy.refuse?.(request);
    if (refusal !== undefined) return refusal;
    if (!policy.methods.some((method) => method === request.method)) {
      response.setHeader('allow', policy.methods.join(', '));
      return textPage(405, 'method not allowed');
    }
    const [path, query] = pathAndQuery(request);
    const route = routes.get(path);
    return route === undefined ? textPage(404, 'not found') : route(new URLSearchParams(query));
  }

  #send(request: IncomingMessage, response: ServerResponse, page: Page): void {
    const isCompressed = page.gzipped !== undefined && takesGzip(request);
    const body = isCompressed ? page.gzipped : page.body;
    response.writeHead(page.status, {
      ...this.#options.policy.headers,
      'content-type': page.contentType,
      'content-length': Buffer.byteLength(body),
      ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}

/** A line of text. */
export function textPage(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** A value as JSON, in one line unless `indent` says how many blanks each level is to have. */
export function jsonPage(
  value: unknown,
  { status = 200, indent = 0 }: { readonly status?: number; readonly indent?: number } = {},
): Page {
  const body = `${JSON.stringify(value, undefined, indent)}\n`;
  return { status, contentType: 'application/json', body };
}

function pathAndQuery({ url = '' }: IncomingMessage): readonly [path: string, query: string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/** RFC 9110 section 12.5.3, as far as browsers use it: a list that names gzip without a weight of 0. */
function takesGzip({ headers }: IncomingMessage): boolean {
  const codings = (headers['accept-encoding'] ?? '').split(',');
  return codings.some((coding) => /^gzip(;q=(1|0?\.0*[1-9]).*)?$/.test(coding.replaceAll(' ', '')));
}
