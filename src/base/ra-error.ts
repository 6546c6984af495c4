import { messageOf } from './error-message.ts';
import { errorTable } from './error-table.ts';
import type { RaErrorCode } from './error-table.ts';

export interface RaErrorOptions {
  /** Why, as one snake_case word for audit lines and metrics, such as `san_mismatch`. */
  readonly reason?: string;
  readonly cause?: unknown;
  /** Facts for the log, never for the client. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Replaces the code's own public text where more can safely be said. */
  readonly publicMessage?: string;
}

/**
 * Thrown when a request must not or cannot be answered with a certificate. The client is shown
 * `publicMessage` alone; the log and the audit line get the message, the reason and the cause.
 */
export class RaError extends Error {
  readonly code: RaErrorCode;
  readonly reason: string;
  readonly publicMessage: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: RaErrorCode, message: string, options: RaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RaError';
    this.code = code;
    this.reason = options.reason ?? code.toLowerCase();
    this.publicMessage = options.publicMessage ?? errorTable[code].publicText;
    this.fields = options.fields ?? {};
  }

  /** Anything thrown, as an RaError: unknown errors become INTERNAL and keep the original as cause. */
  static from(error: unknown): RaError {
    if (error instanceof RaError) return error;
    const message = messageOf(error);
    return new RaError('INTERNAL', message, { cause: error });
  }
}
