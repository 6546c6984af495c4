import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { closeAtOnce, plainPage } from './http-pages.ts';
import type { HttpPage } from './http-pages.ts';
import { listen } from './listen.ts';

export interface DebugAnswer extends Omit<HttpPage, 'body'> {
  readonly body: string | Buffer;
  /** The body compressed, for whoever takes that. */
  readonly gzipped?: Buffer;
}

/** One page or one question; it sees the query, and nothing else of the request. */
export type DebugRoute = (query: URLSearchParams) => DebugAnswer | Promise<DebugAnswer>;

export interface DebugHttpServerOptions {
  /** By whole path, such as `/debug/explain`. */
  readonly routes: ReadonlyMap<string, DebugRoute>;
  readonly log: Logger;
}

const mostConnections = 64;

/**
 * No script, style or image from anywhere else, nothing inline, no text that becomes markup, no
 * frame around it and no form in it: what is shown came from clients.
 */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

/**
 * Read-only pages for whoever may reach the loopback interface of the pod, that is through
 * `kubectl port-forward` or `kubectl exec`. The Host header must name the loopback interface: else a
 * page of somebody's, opened in the browser of an operator, could read it by rebinding its own name.
 */
export class DebugHttpServer implements Stoppable {
  readonly #server: Server;
  readonly #log: Logger;

  constructor({ routes, log }: DebugHttpServerOptions) {
    this.#log = log;
    this.#server = createServer(
      {
        maxHeaderSize: 8_192,
        headersTimeout: 5_000,
        requestTimeout: 5_000,
        keepAliveTimeout: 15_000,
      },
      (request, response) => {
        void serve(routes, request, response).catch((error: unknown) => {
          log.error('a debug page failed', { error });
          send(response, plainPage(500, 'internal error'));
        });
      },
    );
    this.#server.maxConnections = mostConnections;
  }

  /** Listens on `host:port`, which the configuration has made sure is loopback. */
  start(address: string): Promise<string> {
    return listen(this.#server, address, this.#log);
  }

  stop(): Promise<void> {
    return closeAtOnce(this.#server);
  }
}

async function serve(
  routes: ReadonlyMap<string, DebugRoute>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isLoopbackName(request.headers.host)) {
    send(response, plainPage(421, 'ask for it as localhost or 127.0.0.1'));
    return;
  }
  if (request.method !== 'GET') {
    response.setHeader('allow', 'GET');
    send(response, plainPage(405, 'method not allowed'));
    return;
  }
  const url = new URL(request.url ?? '/', 'http://localhost');
  const route = routes.get(url.pathname);
  const answer = route === undefined ? plainPage(404, 'not found') : await route(url.searchParams);
  send(response, takesGzip(request) ? compressed(response, answer) : answer);
}

/** RFC 9110 section 12.5.3, as far as browsers use it: a list that names gzip without a weight of 0. */
function takesGzip({ headers }: IncomingMessage): boolean {
  const codings = (headers['accept-encoding'] ?? '').split(',');
  return codings.some((coding) => /^gzip(;q=(1|0?\.0*[1-9]).*)?$/.test(coding.replaceAll(' ', '')));
}

function compressed(response: ServerResponse, answer: DebugAnswer): DebugAnswer {
  if (answer.gzipped === undefined) return answer;
  response.setHeader('content-encoding', 'gzip');
  return { ...answer, body: answer.gzipped };
}

/** Whether a Host header names the loopback interface, whatever its port. */
function isLoopbackName(host: string | undefined): boolean {
  const name = /^(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/.exec(host?.toLowerCase() ?? '');
  return name !== null;
}

function send(response: ServerResponse, { status, contentType, body }: DebugAnswer): void {
  const length = Buffer.byteLength(body);
  const headers = { ...securityHeaders, 'content-type': contentType, 'content-length': length };
  response.writeHead(status, headers);
  response.end(body);
}

/** A value as a JSON page. */
export function jsonAnswer(value: unknown, status = 200): DebugAnswer {
  const body = `${JSON.stringify(value, undefined, 2)}\n`;
  return { status, contentType: 'application/json', body };
}
