import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf } from './error-message.ts';
import type { Clock, Timer } from './clock.ts';
import type { Stoppable } from './lifecycle.ts';
import type { Logger } from './logger.ts';

/** How often the file is read again; a ConfigMap volume changes by a symbolic link, unseen by fs.watch. */
const reloadMs = 2_000;

/** How up to date the value of something is that is read again when it changes. */
export interface ConfigState {
  /** When the value in use was taken over, in milliseconds since the Unix epoch. */
  readonly loadedAt: number;
  /** False while a newer text is there that cannot be used, or none can be read. */
  readonly upToDate: boolean;
}

export interface WatchedFileOptions<T> {
  readonly path: string;
  /** What the file is, for logs and errors. */
  readonly what: string;
  /** Throws when the text cannot be used. */
  readonly parse: (text: string) => T;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The value of a file, read again every two seconds. A text that cannot be used is reported once and
 * the last good value stays; it is tried again each time, since whether it can be used may hang on
 * another file that changes a moment later (a policy's signers must have roots in the mesh config).
 */
export class WatchedFile<T> implements Stoppable {
  readonly #options: WatchedFileOptions<T>;
  #value: T;
  #loadedAt: number;
  /** Of the text that `#value` was made of. */
  #digest: string;
  /** What was reported last; undefined once the file holds the text in use. */
  #reported: string | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  private constructor(options: WatchedFileOptions<T>, text: string) {
    this.#options = options;
    this.#digest = digestOf(text);
    this.#value = options.parse(text);
    this.#loadedAt = options.clock.now();
    this.#schedule();
  }

  /** Throws what `parse` throws, or why the file cannot be read: there is no last good value yet. */
  static async open<T>(options: WatchedFileOptions<T>): Promise<WatchedFile<T>> {
    return new WatchedFile(options, await readText(options));
  }

  current(): T {
    return this.#value;
  }

  get state(): ConfigState {
    return { loadedAt: this.#loadedAt, upToDate: this.#reported === undefined };
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    return Promise.resolve();
  }

  #schedule(): void {
    this.#timer = this.#options.clock.timer(reloadMs, () => {
      void this.#reload().finally(() => {
        if (!this.#stopped) this.#schedule();
      });
    });
  }

  async #reload(): Promise<void> {
    const { what, parse, clock, log } = this.#options;
    let digest = '';
    try {
      const text = await readText(this.#options);
      digest = digestOf(text);
      if (digest !== this.#digest) {
        this.#value = parse(text);
        this.#digest = digest;
        this.#loadedAt = clock.now();
        log.info(`${what} replaced`);
      }
      this.#reported = undefined;
    } catch (error) {
      const problem = `${digest} ${String(error)}`;
      if (problem === this.#reported) return;
      this.#reported = problem;
      log.error(`${what} not replaced, the last good one stays`, { error });
    }
  }
}

async function readText({ path, what }: { path: string; what: string }): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const problem = messageOf(cause);
    throw new Error(`cannot read the ${what}: ${problem}: correct its path or its rights`, {
      cause,
    });
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
