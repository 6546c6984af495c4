import { pino } from 'pino';
import type { DestinationStream } from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;

/** One sentence plus fields. Never give it a token, a key or a whole CSR. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'none'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names and texts from outside are cut to this length in a log line. */
const longestText = 256;

/** Makes text from outside safe to log: bounded, control characters replaced. */
export function printable(text: string, limit = longestText): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;

  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/g, '\uFFFD');
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
  return { name, message, reason, stack, cause: describeError(cause) };
}

function withErrors(fields: LogFields): LogFields {
  return 'error' in fields ? { ...fields, error: describeError(fields['error']) } : fields;
}

type PinoLogger = ReturnType<typeof pino>;

function wrap(target: PinoLogger): Logger {
  return {
    debug: (message, fields = {}) => {
      target.debug(withErrors(fields), message);
    },
    info: (message, fields = {}) => {
      target.info(withErrors(fields), message);
    },
    warn: (message, fields = {}) => {
      target.warn(withErrors(fields), message);
    },
    error: (message, fields = {}) => {
      target.error(withErrors(fields), message);
    },
    child: (fields) => wrap(target.child(fields)),
  };
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Where lines go; standard error where absent, since standard output may be the audit trail. */
  readonly destination?: DestinationStream;
}

/** A logger that writes one JSON object a line, time in RFC 3339. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const options = {
    level: level === 'none' ? 'silent' : level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return wrap(pino(options, destination ?? pino.destination({ dest: 2, sync: true })));
}

/** For places that must have a logger and have nothing to say. */
export const silentLogger: Logger = wrap(pino({ level: 'silent' }));
