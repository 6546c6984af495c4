import type { AuditSink, SinkEnd } from '../../../../src/audit/audit-sink.ts';

/** A sink in memory that a test can make fail, hang, or take a few bytes at a time. */
export class MemorySink implements AuditSink {
  readonly name = 'memory';
  batchBytes = 262_144;
  end: SinkEnd = { head: undefined, torn: undefined };
  /** What the next calls throw, one each; undefined lets a call succeed. */
  readonly writeErrors: (Error | undefined)[] = [];
  readonly syncErrors: Error[] = [];
  /** The most that one write takes. */
  takes = Infinity;
  writes = 0;
  syncs = 0;
  closed = false;
  text = '';
  #hold: PromiseWithResolvers<undefined> | undefined;

  /** From now on writes wait. */
  hang(): void {
    this.#hold = Promise.withResolvers<undefined>();
  }

  goOn(): void {
    this.#hold?.resolve(undefined);
    this.#hold = undefined;
  }

  get lines(): readonly Readonly<Record<string, unknown>>[] {
    return this.texts.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get texts(): readonly string[] {
    return this.text.split('\n').filter((line) => line !== '');
  }

  kinds(): readonly unknown[] {
    return this.lines.map((line) => line['kind']);
  }

  open(): Promise<SinkEnd> {
    return Promise.resolve(this.end);
  }

  makeRoom(): Promise<void> {
    return Promise.resolve();
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.writes += 1;
    await this.#hold?.promise;
    const error = this.writeErrors.shift();
    if (error !== undefined) throw error;
    const taken = bytes.subarray(0, Math.min(this.takes, bytes.length));
    this.text += Buffer.from(taken).toString('utf8');
    return taken.length;
  }

  sync(): Promise<void> {
    this.syncs += 1;
    const error = this.syncErrors.shift();
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
