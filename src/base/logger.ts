import { pino } from 'pino';
import type { BaseLogger, DestinationStream } from 'pino';
import type { LogScope } from './log-scopes.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/** One sentence plus fields. Never give it a token, a key or a whole CSR. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
  /** A logger for one part of the whole, with that part's own level; in place of the scope so far. */
  scope(name: LogScope): Logger;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'none'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The least severe lines that are written, by scope. */
export interface LogLevels {
  /** For scopes that have none of their own, and outside of any. */
  readonly default: LogLevel;
  readonly scopes: Readonly<Partial<Record<LogScope, LogLevel>>>;
}

/** Names and texts from outside are cut to this length in a log line. */
const maxTextLength = 256;

/** Makes text from outside safe to log: bounded, control characters replaced. */
export function printable(text: string, limit = maxTextLength): string {
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

/** What we use of pino's loggers. */
interface PinoLogger extends Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'> {
  child(fields: object, options?: { readonly level: string }): PinoLogger;
}

interface LoggerParts {
  readonly target: PinoLogger;
  /**
   * Has the same fields, but neither the scope nor its level. Made when a scope is asked for: there is
   * a child for each request, and nobody asks most of them.
   */
  readonly unscoped: () => PinoLogger;
  readonly levels: LogLevels;
}

function wrap(parts: LoggerParts): Logger {
  const { target, unscoped, levels } = parts;
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
    child: (fields) => {
      const unscopedChild = (): PinoLogger => unscoped().child(fields);
      return wrap({ levels, target: target.child(fields), unscoped: unscopedChild });
    },
    scope: (name) => {
      const level = pinoLevel(levels.scopes[name] ?? levels.default);
      return wrap({ levels, unscoped, target: unscoped().child({ scope: name }, { level }) });
    },
  };
}

function pinoLevel(level: LogLevel): string {
  return level === 'none' ? 'silent' : level;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Levels of their own for some scopes. */
  readonly scopes?: LogLevels['scopes'];
  /** Where lines go; standard error where absent, since standard output may be the audit trail. */
  readonly destination?: DestinationStream;
}

/** A logger that writes one JSON object a line, time in RFC 3339. */
export function createLogger({ level, scopes = {}, destination }: LoggerOptions): Logger {
  const options = {
    level: pinoLevel(level),
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const target: PinoLogger = pino(
    options,
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
  return wrap({ target, unscoped: () => target, levels: { default: level, scopes } });
}

const silent: PinoLogger = pino({ level: 'silent' });

/** For places that must have a logger and have nothing to say. */
export const silentLogger: Logger = wrap({
  target: silent,
  unscoped: () => silent,
  levels: { default: 'none', scopes: {} },
});
