import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher } from 'undici';
import type { FloorOptions } from './floor-options.ts';

interface CsrObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly status?: { readonly certificate?: string };
}

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const label = 'istio-ra-bench=floor';

/** What cannot be left out of getting a certificate: create, approve, hear of it, delete. */
export class CertificateLoop {
  readonly #options: FloorOptions;
  readonly #token: string;
  readonly #calls: Agent;
  readonly #watch: Agent;
  readonly #waiting = new Map<string, () => void>();
  readonly #prefix = `floor-${process.pid}`;
  #count = 0;
  readonly #watchEnd = new AbortController();
  #heard = '0';

  constructor(options: FloorOptions) {
    this.#options = options;
    this.#token = readFileSync(options.tokenFile, 'utf8').trim();
    const connect = { ca: readFileSync(options.caFile, 'utf8') };
    this.#calls = new Agent({ connect, connections: Math.min(options.callers, 32) });
    this.#watch = new Agent({ connect, bodyTimeout: 0 });
  }

  /** Opens the one watch that all callers share, and opens it again when the API server ends it. */
  async open(resourceVersion?: string): Promise<void> {
    const from = resourceVersion === undefined ? '' : `&resourceVersion=${resourceVersion}`;
    const url = `${path}?watch=true&labelSelector=${encodeURIComponent(label)}${from}`;
    const { signal } = this.#watchEnd;
    const answer = await this.#send('GET', url, undefined, { dispatcher: this.#watch, signal });
    // A watcher that is too slow for a moment is cut off, by an end like any other.
    void this.#listen(answer.body).then(
      () => this.open(this.#heard),
      (error: unknown) => {
        if (!signal.aborted) throw error;
      },
    );
  }

  async close(): Promise<void> {
    this.#watchEnd.abort();
    await Promise.all([this.#calls.close(), this.#watch.destroy()]);
  }

  /** One certificate; returns the object's name. */
  async certificate(): Promise<string> {
    const { requestPems, signerName } = this.#options;
    const at = this.#count++;
    const name = `${this.#prefix}-${at}`;
    const request = Buffer.from(requestPems[at % requestPems.length] ?? '').toString('base64');
    const issued = new Promise<void>((resolve) => this.#waiting.set(name, resolve));
    const usages = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
    const created = (await this.#call('POST', path, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name, labels: { 'istio-ra-bench': 'floor' } },
      spec: { request, signerName, usages, expirationSeconds: 86_400 },
    })) as Record<string, unknown>;
    const condition = { type: 'Approved', status: 'True', reason: 'Bench', message: 'bench' };
    await this.#call('PUT', `${path}/${name}/approval`, {
      ...created,
      status: { conditions: [condition] },
    });
    await issued;
    return name;
  }

  async remove(name: string): Promise<void> {
    await this.#call('DELETE', `${path}/${name}`);
  }

  async #listen(body: AsyncIterable<Buffer>): Promise<void> {
    let rest = '';
    for await (const chunk of body) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#hear(line);
    }
  }

  #hear(line: string): void {
    const { object } = JSON.parse(line) as { readonly object: CsrObject };
    const { name, resourceVersion } = object.metadata;
    this.#heard = resourceVersion;
    if (object.status?.certificate === undefined) return;
    this.#waiting.get(name)?.();
    this.#waiting.delete(name);
  }

  async #call(method: Dispatcher.HttpMethod, url: string, body?: unknown): Promise<unknown> {
    const answer = await this.#send(method, url, body, { dispatcher: this.#calls });
    return answer.body.json();
  }

  async #send(
    method: Dispatcher.HttpMethod,
    url: string,
    body: unknown,
    { dispatcher, signal }: { readonly dispatcher: Agent; readonly signal?: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    const answer = await dispatcher.request({
      origin: this.#options.server,
      path: url,
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
    if (answer.statusCode < 300) return answer;
    throw new Error(`${method} ${url}: ${answer.statusCode} ${await answer.body.text()}`);
  }
}
