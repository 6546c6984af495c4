import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';

type Json = Readonly<Record<string, unknown>>;

export interface RawEvent {
  readonly type: string;
  readonly object: Json;
}

const timeoutMs = 10_000;

/** The events of one watch, in the order in which they come. */
export class RawWatch implements Disposable {
  readonly #stopping: AbortController;
  readonly #events: AsyncIterator<string>;
  #pending: Promise<IteratorResult<string>> | undefined;

  constructor(message: IncomingMessage, stopping: AbortController) {
    this.#stopping = stopping;
    message.on('error', () => undefined);
    this.#events = createInterface({ input: message })[Symbol.asyncIterator]();
  }

  /** The next event; undefined when the server has ended the watch. Rejects when none comes. */
  async next(withinMs = timeoutMs): Promise<RawEvent | undefined> {
    this.#pending ??= this.#events.next();
    const result = await within(this.#pending, withinMs);
    this.#pending = undefined;
    return result.done === true ? undefined : (JSON.parse(result.value) as RawEvent);
  }

  /** The next event that is no bookmark. */
  async nextChange(): Promise<RawEvent | undefined> {
    for (;;) {
      const event = await this.next();
      if (event?.type !== 'BOOKMARK') return event;
    }
  }

  /** As many changes as are wanted, each as `TYPE name`. */
  async changes(count: number): Promise<readonly string[]> {
    const seen: string[] = [];
    while (seen.length < count) {
      const event = await this.nextChange();
      if (event === undefined) throw new Error(`the watch ended after ${seen.join(', ')}`);
      const metadata = event.object['metadata'] as Json | undefined;
      seen.push(`${event.type} ${String(metadata?.['name'])}`);
    }
    return seen;
  }

  /** All events until the server ends the watch. */
  async rest(withinMs = timeoutMs): Promise<readonly RawEvent[]> {
    const events: RawEvent[] = [];
    for (let event = await this.next(withinMs); event; event = await this.next(withinMs)) {
      events.push(event);
    }
    return events;
  }

  [Symbol.dispose](): void {
    this.#stopping.abort();
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no event within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
