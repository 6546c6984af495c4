import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';

export interface HttpsGetOptions {
  readonly signal: AbortSignal;
  /** The longest answer that is read. */
  readonly maxBytes: number;
  /** Roots of the server's certificate, PEM; those of the web where absent. */
  readonly caPem?: string | undefined;
}

/**
 * The text at an https URL: status 200, no redirects, no more than `maxBytes`. Rejects with an Error
 * when there is no such answer, also when the signal aborts first.
 */
export async function httpsGet(url: URL, options: HttpsGetOptions): Promise<string> {
  const response = await open(url, options);
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`the answer has the HTTP status ${response.statusCode ?? 0}`);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Buffer).length;
    if (length > options.maxBytes) {
      throw new Error(`the answer is longer than ${options.maxBytes} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function open(url: URL, { signal, caPem }: HttpsGetOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(
      url,
      // A connection of its own: it is needed every few minutes, and none stays behind.
      { agent: false, signal, headers: { accept: 'application/json' }, ca: caPem },
      resolve,
    );
    // After the answer has begun its reader sees the error too.
    request.on('error', reject);
  });
}
