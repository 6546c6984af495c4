import { createServer } from 'node:http';
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Credentials } from '../../../../src/kube/client-node/credentials.ts';
import type { ClusterAccess } from '../../../../src/kube/client-node/kubeconfig.ts';

export interface ReceivedCall {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answerer = (call: ReceivedCall, response: ServerResponse) => void;

/** An API server on 127.0.0.1 that answers as a test says, and keeps what it was asked. */
export class LoopbackApi implements AsyncDisposable {
  readonly calls: ReceivedCall[] = [];
  /** How many connections were ever opened. */
  connections = 0;
  answer: Answerer = (_call, response) => {
    sendJson(response, 200, {});
  };
  readonly #server;
  readonly #scheme: string;

  private constructor(tls?: { readonly cert: string; readonly key: string }) {
    const listener: RequestListener = (request, response) => {
      void this.#receive(request, response);
    };
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', () => {
      this.connections += 1;
    });
  }

  static async start(tls?: { readonly cert: string; readonly key: string }): Promise<LoopbackApi> {
    const api = new LoopbackApi(tls);
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The call that came last. */
  get last(): ReceivedCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('nothing was asked');
    return call;
  }

  /** New connections are offered this pair from now on. */
  useCertificate(pair: { readonly cert: string; readonly key: string }): void {
    (this.#server as TlsServer).setSecureContext(pair);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // The caller went away.
    }
    const { method = '', url = '', headers } = request;
    const call = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
    this.calls.push(call);
    this.answer(call, response);
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Answers as the API server does when it refuses. */
export function sendStatus(response: ServerResponse, code: number, reason: string): void {
  const body = { kind: 'Status', status: 'Failure', code, reason, message: `told: ${reason}` };
  sendJson(response, code, body);
}

export function bearer(token: string): Credentials {
  return { headers: { authorization: `Bearer ${token}` }, tls: {} };
}

/** Access with credentials that never change, unless `renewed` are to be had after a 401. */
export function anAccess(server: string, renewed?: Credentials): ClusterAccess {
  let current = bearer('first');
  return {
    server,
    origin: 'a test',
    namespace: undefined,
    credentials: () => Promise.resolve(current),
    renew: () => {
      current = renewed ?? current;
      return Promise.resolve(current);
    },
  };
}
