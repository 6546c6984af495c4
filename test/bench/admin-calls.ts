import { readFileSync } from 'node:fs';
import { Agent } from 'undici';
import type { ControlPlane } from '../e2e/stack/control-plane.ts';

type Method = 'GET' | 'POST' | 'DELETE';

/** As many creations at once as an API server on two cores takes without delaying each. */
const connections = 32;

/** The API server, asked by its administrator without a kubectl for each call. */
export class AdminCalls {
  readonly #server: string;
  readonly #agent: Agent;

  constructor(controlPlane: ControlPlane) {
    this.#server = controlPlane.server;
    this.#agent = new Agent({ connect: adminTls(controlPlane), connections });
  }

  /** The answer as JSON; throws where it is a refusal. */
  async ask(method: Method, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.#agent.request({
      origin: this.#server,
      path,
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text) as unknown;
  }

  /** Creates `count` objects, many at once; `objectAt` says where and what. */
  async createMany(
    count: number,
    objectAt: (at: number) => { readonly path: string; readonly object: unknown },
  ): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const { path, object } = objectAt(next);
        next += 1;
        await this.ask('POST', path, object);
      }
    };
    await Promise.all(Array.from({ length: connections }, worker));
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}

/** The administrator's certificate, as the kubeconfig of the control plane names it. */
function adminTls({ kubeconfig, caFile }: ControlPlane): {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
} {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
    readonly users: readonly {
      readonly user: { readonly 'client-certificate': string; readonly 'client-key': string };
    }[];
  };
  const user = config.users[0]?.user;
  if (user === undefined) throw new Error('the kubeconfig has no user');
  return {
    ca: readFileSync(caFile, 'utf8'),
    cert: readFileSync(user['client-certificate'], 'utf8'),
    key: readFileSync(user['client-key'], 'utf8'),
  };
}
