import type { TornEnd } from './audit-line.ts';
import type { ChainHead } from './hash-chain.ts';

/** What a sink already holds. */
export interface SinkEnd {
  /** The last complete line, to go on after; undefined begins a new chain. */
  readonly head: ChainHead | undefined;
  /** What a crash left behind that line. */
  readonly torn: TornEnd | undefined;
}

/** Where lines go. Calls never overlap, and each may fail, hang, and be tried again. */
export interface AuditSink {
  /** For messages, such as the file's path. */
  readonly name: string;
  /** How many bytes of whole lines to give to one write; one longer line may exceed it. */
  readonly batchBytes: number;
  /** Called once, before all others. Throws when the sink cannot take lines at all. */
  open(): Promise<SinkEnd>;
  /** Called before each batch of whole lines: the moment to begin a new file. */
  makeRoom(bytes: number): Promise<void>;
  /** Writes as write(2) does: returns how many bytes were taken, or throws and took none. */
  write(bytes: Uint8Array): Promise<number>;
  /** Puts what was written out of the reach of a power failure, where that is set. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
