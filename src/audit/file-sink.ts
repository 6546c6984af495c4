import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { AuditSink, SinkEnd } from './audit-sink.ts';
import { readFileEnd } from './file-end.ts';
import { isMissing, rotate, rotatedName, syncDirectory } from './rotated-files.ts';

export interface FileSinkOptions {
  readonly path: string;
  /** A file that would grow beyond this is rotated first. */
  readonly maxBytes: number;
  /** How many rotated files are kept besides the current one, at least 1. */
  readonly maxFiles: number;
  /** Whether an intent waits for the disk, so that it outlives the machine and not only us. */
  readonly fsync: boolean;
}

/** Nobody but the owner reads who asked for what; a link in our place is not followed. */
const mode = 0o600;
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
/** O_NONBLOCK, since to open a pipe would wait for its reader before we can refuse it. */
const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
const batchBytes = 262_144;

/** Lines to a file that is rotated by size. The chain goes on over restarts and rotations. */
export class FileSink implements AuditSink {
  readonly name: string;
  readonly batchBytes: number;
  readonly #options: FileSinkOptions;
  #handle: FileHandle | undefined;
  #size = 0;

  constructor(options: FileSinkOptions) {
    if (options.maxFiles < 1) throw new Error('at least one rotated file must be kept');
    this.#options = options;
    this.name = options.path;
    this.batchBytes = Math.min(batchBytes, options.maxBytes);
  }

  /** Throws when the file cannot be read or appended to, or is not a regular one. */
  async open(): Promise<SinkEnd> {
    const { path } = this.#options;
    const handle = await this.#reopen();
    if (this.#size === 0) return this.#endOfRotated();
    const end = await readFileEnd(path);
    if (end.needsNewline) this.#size += (await handle.write('\n')).bytesWritten;
    return end;
  }

  async makeRoom(bytes: number): Promise<void> {
    const { path, maxBytes, maxFiles, fsync } = this.#options;
    if (this.#handle !== undefined) {
      if (this.#size === 0 || this.#size + bytes <= maxBytes) return;
      if (fsync) await this.#handle.datasync();
      await this.close();
    }
    await rotate(path, maxFiles);
    await this.#reopen();
    if (fsync) await syncDirectory(path);
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#handle === undefined) throw new Error('the audit file is not open');
    const { bytesWritten } = await this.#handle.write(bytes);
    this.#size += bytesWritten;
    return bytesWritten;
  }

  async sync(): Promise<void> {
    if (this.#options.fsync) await this.#handle?.datasync();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #reopen(): Promise<FileHandle> {
    const handle = await open(this.#options.path, flags, mode);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw new Error(`${this.#options.path} is not a regular file`);
      if ((status.mode & 0o777) !== mode) await handle.chmod(mode);
      this.#size = status.size;
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#handle = handle;
    return handle;
  }

  /** An empty file follows a rotation that a crash interrupted, if there is anything rotated. */
  async #endOfRotated(): Promise<SinkEnd> {
    try {
      return await readFileEnd(rotatedName(this.#options.path, 1));
    } catch (error) {
      if (isMissing(error)) {
        return { head: undefined, torn: undefined };
      }
      throw error;
    }
  }
}
