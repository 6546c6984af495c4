import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ReadinessCheck, Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { closeAtOnce, plainPage } from './http-pages.ts';
import type { HttpPage } from './http-pages.ts';
import { listen } from './listen.ts';

/** A further page, such as /metrics. */
export interface OpsRoute {
  /** The whole path, such as `/metrics`. */
  readonly path: string;
  answer(): HttpPage | Promise<HttpPage>;
}

export interface OpsHttpServerOptions {
  /** All must hold for /ready to say 200. */
  readonly readiness: readonly ReadinessCheck[];
  /** All must hold for /healthz to say 200; none where absent. */
  readonly liveness?: readonly ReadinessCheck[] | undefined;
  /** What /version tells, as JSON. */
  readonly version: Readonly<Record<string, string>>;
  readonly routes?: readonly OpsRoute[];
  readonly log: Logger;
}

/**
 * Pages for operators and probes, over plain HTTP: /ready (200, or 503 and the conditions that do not
 * hold), /healthz (the same for whether the process is to go on living), /version, and the routes it is given. The
 * answers hold no secrets; it reads no request body.
 */
export class OpsHttpServer implements Stoppable {
  readonly #server: Server;
  readonly #log: Logger;

  constructor(options: OpsHttpServerOptions) {
    this.#log = options.log;
    const routes = new Map([...ownRoutes(options), ...(options.routes ?? [])].map(byPath));
    this.#server = createServer(
      {
        maxHeaderSize: 8_192,
        headersTimeout: 5_000,
        requestTimeout: 5_000,
        keepAliveTimeout: 15_000,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => {
        void serve(routes, request, response).catch((error: unknown) => {
          options.log.error('an operations page failed', { path: pathOf(request), error });
          send(response, { ...plainPage(500, 'internal error'), head: false });
        });
      },
    );
    this.#server.maxConnections = 512;
  }

  /** Listens on `host:port` or `:port` and resolves with the address as bound. */
  start(address: string): Promise<string> {
    return listen(this.#server, address, this.#log);
  }

  /** Closes the listener and all connections, answered or not. */
  stop(): Promise<void> {
    return closeAtOnce(this.#server);
  }
}

function byPath(route: OpsRoute): readonly [string, OpsRoute] {
  return [route.path, route];
}

function ownRoutes({
  readiness,
  liveness = [],
  version,
}: OpsHttpServerOptions): readonly OpsRoute[] {
  return [
    { path: '/ready', answer: () => readyAnswer(readiness) },
    { path: '/healthz', answer: () => checked(liveness, 'ok') },
    {
      path: '/version',
      answer: () => ({
        status: 200,
        contentType: 'application/json',
        body: `${JSON.stringify(version)}\n`,
      }),
    },
  ];
}

/** 200 and "ready", or 503 and one line `name: reason` for each check that does not hold. */
export function readyAnswer(readiness: readonly ReadinessCheck[]): HttpPage {
  return checked(readiness, 'ready');
}

function checked(checks: readonly ReadinessCheck[], allWell: string): HttpPage {
  const missing = checks.flatMap((check) => {
    const because = check.notReadyBecause();
    return because === undefined ? [] : [`${check.name}: ${because}`];
  });
  return missing.length === 0 ? plainPage(200, allWell) : plainPage(503, missing.join('\n'));
}

async function serve(
  routes: ReadonlyMap<string, OpsRoute>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const head = request.method === 'HEAD';
  const route = routes.get(pathOf(request));
  if (route === undefined) send(response, { ...plainPage(404, 'not found'), head });
  else if (!head && request.method !== 'GET') {
    response.setHeader('allow', 'GET, HEAD');
    send(response, { ...plainPage(405, 'method not allowed'), head });
  } else send(response, { ...(await route.answer()), head });
}

/** The path without its query, which no page reads. */
function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

function send(response: ServerResponse, answer: HttpPage & { readonly head: boolean }): void {
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(answer.head ? undefined : answer.body);
}
