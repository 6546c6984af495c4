import { isJsonObject, listAt, objectAt, stringAt } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import { KubeApiError, isGone } from '../api-error.ts';
import type { ResourceList, ResourceSource, WatchEvent, WatchOptions } from '../resource-source.ts';
import { badAnswer, refusedByStatus, unanswered } from './answer-errors.ts';
import type { CallName } from './answer-errors.ts';
import { LineSplitter, LineTooLongError } from './lines.ts';
import type { KubeTransport } from './transport.ts';

export interface KubernetesResourceOptions<T> {
  readonly transport: KubeTransport;
  /** The server's URL path before `path`; empty where it has none. */
  readonly prefix: string;
  /** Such as `/apis/certificates.k8s.io/v1/certificatesigningrequests`. */
  readonly path: string;
  readonly resource: string;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Throws when the JSON is no such object. */
  readonly parse: (raw: unknown) => T;
}

/** Time for the files to be read again, so that the next watch has a new token. */
const beforeExpiryMs = 10_000;
/** Where the token is not renewed, or our clock is wrong, watches end this fast but no faster. */
const minWatchSeconds = 10;
const itemsPerPage = 500;
/** A list whose pages expired under our hands is begun again, but not for ever. */
const maxListAttempts = 3;
/** More than any one object has: a line that is refused breaks the watch for everybody. */
const maxLineBytes = 16 * 1024 * 1024;

/** Lists in pages and watches line by line, over the shared transport. */
export class KubernetesResource<T> implements ResourceSource<T> {
  readonly resource: string;
  readonly #options: KubernetesResourceOptions<T>;
  readonly #list: CallName;
  readonly #watch: CallName;

  constructor(options: KubernetesResourceOptions<T>) {
    this.#options = options;
    this.resource = options.resource;
    this.#list = { verb: 'list', resource: options.resource };
    this.#watch = { verb: 'watch', resource: options.resource };
  }

  async list(signal: AbortSignal): Promise<ResourceList<T>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#listPages(signal);
      } catch (error) {
        if (!isGone(error) || attempt === maxListAttempts) throw error;
      }
    }
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const path = this.#pathWith({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      timeoutSeconds: String(await this.#secondsFor(options, signal)),
    });
    const chunks = await this.#options.transport.stream(
      { ...this.#watch, method: 'GET', path },
      signal,
    );
    const lines = new LineSplitter(maxLineBytes);
    yield heartbeat;
    try {
      for await (const chunk of chunks) {
        let isSilent = true;
        for (const line of lines.push(chunk)) {
          isSilent = false;
          yield this.#readEvent(line);
        }
        // A part of an event, or nothing but a line's end: the server lives.
        if (isSilent) yield heartbeat;
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason as Error;
      if (error instanceof LineTooLongError) throw badAnswer(error.message, this.#watch);
      throw unanswered(error, this.#watch);
    }
    const rest = lines.rest();
    if (rest !== '') yield this.#readEvent(rest); // An event that was cut off is an error, not an end.
  }

  /** A watch must not outlive the token that opened it: its end would look like a refusal. */
  async #secondsFor({ timeoutSeconds }: WatchOptions, signal: AbortSignal): Promise<number> {
    const lastMs = await this.#options.transport.credentialsLastMs(signal);
    if (lastMs === undefined) return timeoutSeconds;
    const seconds = Math.floor((lastMs - beforeExpiryMs) / 1000);
    return Math.min(timeoutSeconds, Math.max(seconds, minWatchSeconds));
  }

  async #listPages(signal: AbortSignal): Promise<ResourceList<T>> {
    const items: T[] = [];
    let limit = itemsPerPage;
    let next: string | undefined;
    for (;;) {
      const page = await this.#readPage({ limit, next }, signal);
      if (page === 'too_large') {
        limit = Math.ceil(limit / 4);
        continue;
      }
      for (const item of listAt(page, 'items')) items.push(this.#parseItem(item));
      const metadata = objectAt(page, 'metadata');
      next = stringAt(metadata, 'continue');
      if (next === undefined || next === '') {
        return { items, resourceVersion: stringAt(metadata, 'resourceVersion') ?? '' };
      }
    }
  }

  async #readPage(
    { limit, next }: { readonly limit: number; readonly next: string | undefined },
    signal: AbortSignal,
  ): Promise<JsonObject | 'too_large'> {
    const query = { limit: String(limit), ...(next === undefined ? {} : { continue: next }) };
    const request = { ...this.#list, method: 'GET', path: this.#pathWith(query) } as const;
    try {
      const { text } = await this.#options.transport.call(request, signal);
      return parseJsonObject(text) ?? this.#fail('the answer is no list');
    } catch (error) {
      const tooLarge = error instanceof KubeApiError && error.reason === 'AnswerTooLarge';
      if (tooLarge && limit > 1) return 'too_large';
      throw error;
    }
  }

  #parseItem(item: unknown): T {
    try {
      return this.#options.parse(item);
    } catch (error) {
      throw badAnswer('an item of the list cannot be read', this.#list, error);
    }
  }

  #readEvent(line: string): WatchEvent<T> {
    const event = parseJsonObject(line);
    const object = event?.['object'];
    switch (event?.['type']) {
      case 'ADDED':
      case 'MODIFIED':
        return this.#readObject('put', object);
      case 'DELETED':
        return this.#readObject('gone', object);
      case 'BOOKMARK':
        return this.#readBookmark(object);
      case 'ERROR':
        return { kind: 'error', error: refusedByStatus(object, this.#watch) };
      default:
        return this.#unreadable();
    }
  }

  #readObject(kind: 'put' | 'gone', object: unknown): WatchEvent<T> {
    try {
      return { kind, object: this.#options.parse(object) };
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  #readBookmark(object: unknown): WatchEvent<T> {
    const metadata = isJsonObject(object) ? objectAt(object, 'metadata') : {};
    const resourceVersion = stringAt(metadata, 'resourceVersion');
    return resourceVersion === undefined
      ? this.#unreadable()
      : { kind: 'bookmark', resourceVersion };
  }

  #unreadable(cause?: unknown): WatchEvent<T> {
    return { kind: 'error', error: badAnswer('an event cannot be read', this.#watch, cause) };
  }

  #fail(what: string): never {
    throw badAnswer(what, this.#list);
  }

  #pathWith(query: Readonly<Record<string, string>>): string {
    const { prefix, path, labelSelector, fieldSelector } = this.#options;
    const parameters = new URLSearchParams(query);
    if (labelSelector !== undefined) parameters.set('labelSelector', labelSelector);
    if (fieldSelector !== undefined) parameters.set('fieldSelector', fieldSelector);
    return `${prefix}${path}?${parameters.toString()}`;
  }
}

const heartbeat = { kind: 'heartbeat' } as const;

function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
