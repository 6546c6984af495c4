import { fullJitterMs } from '../base/backoff.ts';
import type { Random } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { AuditSink } from './audit-sink.ts';

export interface AuditWriterOptions {
  readonly sink: AuditSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** A batch that takes longer is stuck. */
  readonly stuckAfterMs: number;
}

interface WaitingLine {
  readonly bytes: Buffer;
  /** Whether the line waits for the sink's sync. */
  readonly durable: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const backoff = { firstMs: 50, maxMs: 5_000 };
const stopped = new Error('the audit writer stopped');

/**
 * Brings sealed lines to the sink, in order and none left out: what fails is tried again until it
 * succeeds or the writer stops. Lines that come while a batch is written make up the next batch.
 */
export class AuditWriter {
  readonly #options: AuditWriterOptions;
  readonly #stopping = new AbortController();
  readonly #waiting: WaitingLine[] = [];
  #bufferedBytes = 0;
  #draining = false;
  #batchSince: number | undefined;
  #failure: Error | undefined;

  constructor(options: AuditWriterOptions) {
    this.#options = options;
  }

  /** Bytes that the sink has not taken yet, those under way included. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /**
   * Takes a line. The promise resolves when the sink has it, on the disk where `durable`, and rejects
   * when it is unsure whether that can be relied on; nobody needs to listen.
   */
  push(bytes: Buffer, durable: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    promise.catch(() => undefined);
    const settle = (): void => {
      resolve(undefined);
    };
    this.#waiting.push({ bytes, durable, resolve: settle, reject });
    this.#bufferedBytes += bytes.length;
    if (!this.#draining) void this.#drain();
    return promise;
  }

  /** Undefined while the sink takes lines in good time. */
  stuckBecause(): string | undefined {
    const { clock, sink, stuckAfterMs } = this.#options;
    if (this.#batchSince === undefined) return undefined;
    if (clock.monotonic() - this.#batchSince < stuckAfterMs) return undefined;
    const why = this.#failure === undefined ? '' : `: ${this.#failure.message}`;
    return `${sink.name} has taken no audit line for ${stuckAfterMs / 1000} s${why}`;
  }

  /** Gives up on the lines that still wait; returns how many there were. */
  abandon(): number {
    this.#stopping.abort(stopped);
    const lost = this.#waiting.splice(0);
    for (const line of lost) line.reject(stopped);
    return lost.length;
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    // A turn later, so that what is pushed in the same turn shares a batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      this.#batchSince = this.#options.clock.monotonic();
      const count = this.#batchLength();
      try {
        await this.#write(this.#waiting.slice(0, count));
      } catch {
        return; // stopped; the lines were given up on
      }
      this.#waiting.splice(0, count);
    }
    this.#batchSince = undefined;
    this.#draining = false;
  }

  #batchLength(): number {
    const max = this.#options.sink.batchBytes;
    let bytes = 0;
    let count = 0;
    for (const line of this.#waiting) {
      bytes += line.bytes.length;
      if (count > 0 && bytes > max) break;
      count += 1;
    }
    return count;
  }

  async #write(batch: readonly WaitingLine[]): Promise<void> {
    const { sink } = this.#options;
    const bytes = Buffer.concat(batch.map((line) => line.bytes));
    await this.#insist(() => sink.makeRoom(bytes.length));
    for (let rest = bytes; rest.length > 0;) {
      const taken = await this.#insist(() => writeSome(sink, rest));
      rest = rest.subarray(taken);
    }
    if (batch.some((line) => line.durable)) await this.#sync(batch);
    for (const line of batch) line.resolve();
    this.#bufferedBytes -= bytes.length;
  }

  /**
   * After a sync that failed, a later success says nothing about the bytes before (Linux drops them),
   * so nobody may rely on these lines; if they are lost, the chain shows it.
   */
  #sync(batch: readonly WaitingLine[]): Promise<void> {
    return this.#insist(async () => {
      try {
        await this.#options.sink.sync();
      } catch (error) {
        for (const line of batch) line.reject(asError(error));
        throw error;
      }
    });
  }

  async #insist<T>(run: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      this.#stopping.signal.throwIfAborted();
      try {
        const result = await run();
        this.#recovered(attempt);
        return result;
      } catch (error) {
        await this.#failed(asError(error), attempt);
      }
    }
  }

  async #failed(error: Error, attempt: number): Promise<void> {
    const { clock, log, random, sink } = this.#options;
    this.#failure = error;
    log.error('audit lines could not be written, trying again', {
      sink: sink.name,
      attempt,
      bufferedBytes: this.#bufferedBytes,
      error,
    });
    await sleep(clock, fullJitterMs(attempt, backoff, random), this.#stopping.signal);
  }

  #recovered(attempts: number): void {
    this.#failure = undefined;
    if (attempts === 0) return;
    this.#options.log.info('audit lines are written again', { sink: this.#options.sink.name });
  }
}

async function writeSome(sink: AuditSink, bytes: Uint8Array): Promise<number> {
  const taken = await sink.write(bytes);
  if (taken <= 0) throw new Error('the sink took no bytes');
  return taken;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
