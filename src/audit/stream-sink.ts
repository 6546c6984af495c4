import type { Writable } from 'node:stream';
import type { AuditSink, SinkEnd } from './audit-sink.ts';

/**
 * A pipe takes a write of 4 KiB whole or not at all (PIPE_BUF), so that the log lines of the same
 * process cannot come to stand within ours.
 */
const atomicBytes = 4096;

/** Lines to a stream such as standard output, which outlives us and cannot be read back. */
export class StreamSink implements AuditSink {
  readonly name: string;
  readonly batchBytes = atomicBytes;
  readonly #stream: Writable;

  constructor(stream: Writable, name: string) {
    this.#stream = stream;
    this.name = name;
  }

  open(): Promise<SinkEnd> {
    // Each failure reaches the write that met it; without a listener it would end the process too.
    this.#stream.on('error', () => undefined);
    return Promise.resolve({ head: undefined, torn: undefined });
  }

  makeRoom(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves when the kernel has the bytes, which is how long the reader lets us wait. */
  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => {
        if (error) reject(error);
        else resolve(bytes.length);
      });
    });
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
