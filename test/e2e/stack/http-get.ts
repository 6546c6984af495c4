import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface GetOptions {
  /** PEM roots to check an https server with. */
  readonly ca?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface GetResult {
  readonly status: number;
  readonly body: string;
}

/** GETs a URL over a connection of its own; throws where no answer comes. */
export async function get(url: string, options: GetOptions = {}): Promise<GetResult> {
  const { ca, headers = {}, timeoutMs = 5_000 } = options;
  const common = { agent: false, headers, signal: AbortSignal.timeout(timeoutMs) } as const;
  const request = url.startsWith('https:')
    ? httpsGet(url, { ...common, ...(ca === undefined ? {} : { ca }) })
    : httpGet(url, common);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}
