import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export type Fields = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (result: Fields) => void;
  readonly reject: (error: Error) => void;
}

const withinMs = 15_000;

/** The DevTools protocol over a pipe: JSON texts that a zero byte ends. */
export class DevTools {
  readonly #write: Writable;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners: ((sessionId: string, method: string, params: Fields) => void)[] = [];
  #id = 0;
  #text = '';

  private constructor(write: Writable, read: Readable) {
    this.#write = write;
    write.on('error', (error) => this.#fail(error));
    read.setEncoding('utf8');
    read.on('data', (chunk: string) => this.#read(chunk));
    read.on('close', () => this.#fail(new Error('the browser has ended')));
  }

  static over({ stdio }: ChildProcess): DevTools {
    return new DevTools(stdio[3] as Writable, stdio[4] as Readable);
  }

  onEvent(listener: (sessionId: string, method: string, params: Fields) => void): void {
    this.#listeners.push(listener);
  }

  async send(method: string, params: Fields, sessionId?: string): Promise<Fields> {
    this.#id += 1;
    const id = this.#id;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Fields>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      timer = setTimeout(() => {
        reject(new Error(`the browser does not answer to ${method}`));
      }, withinMs);
    });
    this.#write.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #read(chunk: string): void {
    const texts = `${this.#text}${chunk}`.split('\0');
    this.#text = texts.pop() ?? '';
    for (const text of texts) this.#take(JSON.parse(text) as Message);
  }

  #take({ id, result, error, method, params, sessionId }: Message): void {
    if (method !== undefined) {
      for (const listener of this.#listeners) listener(sessionId ?? '', method, params ?? {});
    } else if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      if (error === undefined) waiting?.resolve(result ?? {});
      else waiting?.reject(new Error(error.message));
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
