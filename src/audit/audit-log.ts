import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { callWithin } from '../base/deadline.ts';
import type { ReadinessCheck, Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { CertificateChange, ChangeLog } from '../ra/change-log.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import type { Decision } from '../ra/decision.ts';
import { changedLine, decisionLine, intentLine } from './audit-line.ts';
import type { AuditLine } from './audit-line.ts';
import type { AuditSink, SinkEnd } from './audit-sink.ts';
import { boundedText } from './audit-text.ts';
import { AuditWriter } from './audit-writer.ts';
import { comesInCrowds, crowdLinesPerSecond } from './flood.ts';
import { HashChain } from './hash-chain.ts';
import type { ChainHead } from './hash-chain.ts';
import { RefusalCounter } from './refusal-counter.ts';

export interface AuditLogOptions {
  readonly sink: AuditSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Our name among the replicas. */
  readonly replica: string;
  /** What may wait for the sink before refusals are only counted; 8 MiB where absent. */
  readonly bufferBytes?: number;
  /** How long a line that somebody waits for may take to be written out; 5 s where absent. */
  readonly flushWithinMs?: number;
}

const defaultBufferBytes = 8 * 1_048_576;
const defaultFlushWithinMs = 5_000;

/**
 * The trail of what was decided, as a hash chain of JSON lines. When its sink takes no more lines, no
 * certificate is issued: `intent` and `issued` reject, and the process is not ready.
 *
 * What may wait is bounded by `bufferBytes`, and on top of it by one line for each request whose
 * intent was taken or whose certificate is there: those are never turned away.
 */
export class AuditLog implements ApprovalLog, ChangeLog, DecisionLog, ReadinessCheck, Stoppable {
  readonly name = 'audit';
  readonly #options: AuditLogOptions;
  readonly #bufferBytes: number;
  readonly #flushWithinMs: number;
  readonly #chain: HashChain;
  readonly #writer: AuditWriter;
  readonly #crowd: RefusalCounter;
  readonly #withoutRoom: RefusalCounter;
  readonly #intended = new WeakSet<Decision>();
  readonly #decided = new WeakSet<Decision>();
  #closing = false;
  #stopped: Promise<void> | undefined;

  private constructor(options: AuditLogOptions, end: SinkEnd) {
    this.#options = options;
    this.#bufferBytes = options.bufferBytes ?? defaultBufferBytes;
    this.#flushWithinMs = options.flushWithinMs ?? defaultFlushWithinMs;
    this.#chain = new HashChain(end.head);
    this.#writer = new AuditWriter({ ...options, stuckAfterMs: this.#flushWithinMs });
    const { clock } = options;
    const write = (summary: AuditLine): boolean => this.#pushIfRoom(summary);
    this.#crowd = new RefusalCounter({
      clock,
      write,
      cause: 'flood',
      linesPerSecond: crowdLinesPerSecond,
    });
    this.#withoutRoom = new RefusalCounter({
      clock,
      write,
      cause: 'buffer_full',
      linesPerSecond: 0,
    });
  }

  /**
   * Opens the sink and writes the first line. Throws what the sink throws when it cannot open, and
   * NOT_READY when the first line is not written in time.
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { clock, log, replica, sink } = options;
    const end = await sink.open();
    const { torn } = end;
    if (torn !== undefined) log.warn('the audit trail ends in a torn line', { ...torn });
    const audit = new AuditLog(options, end);
    const time = new Date(clock.now()).toISOString();
    const opened = { kind: 'opened', time, replica: boundedText(replica), torn } as const;
    try {
      await audit.#kept(audit.#push(opened, true));
      return audit;
    } catch (error) {
      audit.#writer.abandon();
      void sink.close().catch(() => undefined);
      throw error;
    }
  }

  /** The newest line's place and hash: kept elsewhere, it shows when the trail was written anew. */
  get head(): ChainHead | undefined {
    return this.#chain.head;
  }

  /** Bytes that wait for the sink. */
  get bufferedBytes(): number {
    return this.#writer.bufferedBytes;
  }

  notReadyBecause(): string | undefined {
    if (this.#closing) return 'the audit log is closed';
    return this.#writer.stuckBecause();
  }

  /**
   * To be awaited before a request is approved; resolves when the line is out of our hands. Throws
   * NOT_READY (`audit_stuck`, `audit_closed`), CANCELLED when the request was decided meanwhile; on
   * abort the signal's reason. After any throw the request must not be approved.
   */
  async intent(decision: Decision, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#assertUndecided(decision);
    const notReady = this.notReadyBecause();
    if (notReady !== undefined) throw this.#stuck(notReady);
    if (!this.#hasRoom()) throw this.#stuck('the audit buffer is full');
    this.#intended.add(decision);
    const line = intentLine(decision, this.#options.clock.now());
    await this.#kept(this.#push(line, true), signal);
    this.#assertUndecided(decision);
  }

  /**
   * To be awaited before a certificate is handed out; resolves when the line is out of our hands.
   * Throws NOT_READY (`audit_stuck`, `audit_closed`); the line may then still be written, since the
   * signer did issue, but nobody may get the certificate.
   */
  async issued(decision: Decision): Promise<void> {
    if (!this.#decide(decision)) throw new RaError('INTERNAL', 'a request was decided twice');
    if (this.#closing) throw this.#stuck('the audit log is closed');
    await this.#kept(this.#pushDecision(decision));
  }

  /** Never waits and never throws; what finds no room is counted and told in a summary. */
  refused(decision: Decision, error: RaError): void {
    if (!this.#decide(decision)) return;
    if (this.#closing) {
      const { requestId } = decision;
      this.#options.log.warn('a refusal came after the audit log was closed', { requestId });
      return;
    }
    if (this.#mayBeCounted(decision, error)) return;
    void this.#pushDecision(decision, error);
  }

  /** Never waits and never throws; without room for the line it is in the log alone. */
  changed(change: CertificateChange): void {
    if (!this.#closing) this.#pushIfRoom(changedLine(change, this.#options.clock.now()));
  }

  /** Writes out what waits, for as long as one flush may take, and closes the sink. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Whether the refusal goes without a line; one whose request may be approved never does. */
  #mayBeCounted(decision: Decision, error: RaError): boolean {
    if (this.#intended.has(decision)) return false;
    if (comesInCrowds(decision, error) && !this.#crowd.admits(error)) return true;
    return !this.#hasRoom() && !this.#withoutRoom.admits(error);
  }

  #pushDecision(decision: Decision, error?: RaError): Promise<void> {
    const intended = this.#intended.has(decision);
    const now = this.#options.clock.now();
    return this.#push(decisionLine(decision, { now, intended, error }), false);
  }

  #push(line: AuditLine, durable: boolean): Promise<void> {
    return this.#writer.push(this.#chain.seal(line), durable);
  }

  #pushIfRoom(line: AuditLine): boolean {
    if (!this.#closing && !this.#hasRoom()) return false;
    void this.#push(line, false);
    return true;
  }

  #hasRoom(): boolean {
    return this.#writer.bufferedBytes < this.#bufferBytes;
  }

  async #kept(written: Promise<void>, parent?: AbortSignal): Promise<void> {
    const options = {
      clock: this.#options.clock,
      ms: this.#flushWithinMs,
      reason: () => this.#stuck('an audit line was not written in time'),
      parent,
    };
    const reliably = written.catch((error: unknown) => {
      throw this.#stuck('an audit line could not be written reliably', error);
    });
    await callWithin(options, () => reliably);
  }

  #stuck(message: string, cause?: unknown): RaError {
    const reason = this.#closing ? 'audit_closed' : 'audit_stuck';
    return new RaError('NOT_READY', message, { reason, cause });
  }

  #assertUndecided(decision: Decision): void {
    if (!this.#decided.has(decision)) return;
    throw new RaError('CANCELLED', 'the request was answered before it could be approved', {
      reason: 'already_decided',
    });
  }

  /** False, and reported, when the request has its line already. */
  #decide(decision: Decision): boolean {
    if (!this.#decided.has(decision)) {
      this.#decided.add(decision);
      return true;
    }
    const { requestId } = decision;
    this.#options.log.error('a request was decided twice', { requestId });
    return false;
  }

  async #stop(): Promise<void> {
    const { clock, log, sink } = this.#options;
    this.#closing = true;
    this.#crowd.flush();
    this.#withoutRoom.flush();
    const time = new Date(clock.now()).toISOString();
    try {
      await this.#kept(this.#push({ kind: 'closed', time }, true));
      await this.#kept(sink.close());
    } catch (error) {
      const lost = this.#writer.abandon();
      log.error('the audit log was closed before it was written out', { lost, error });
    }
  }
}
