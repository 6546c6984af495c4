import { request } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface CallOptions {
  readonly body?: unknown;
  /** The administrator's where absent; none when empty. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** One HTTP/1.1 call on a connection of its own, by a client that shares nothing with ours. */
export async function call(
  sandbox: Sandbox,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Reply> {
  const response = await open(sandbox, method, path, options);
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** The same, up to the headers. */
export function open(
  sandbox: Sandbox,
  method: string,
  path: string,
  { body, token = sandbox.adminToken, headers = {}, certificate }: CallOptions = {},
): Promise<IncomingMessage> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(`${sandbox.url}${path}`, {
      method,
      agent: false,
      ca: sandbox.caPem,
      ...certificate,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end(text);
  });
}

/** The lines of a stream, as they come. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
