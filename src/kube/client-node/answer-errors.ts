import { KubeApiError } from '../api-error.ts';
import { codeOf, messageOf } from '../../base/error-message.ts';
import { isJsonObject } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';

/** Which call an error belongs to. */
export interface CallName {
  /** In the words of RBAC: get, list, watch, create, update, delete. */
  readonly verb: string;
  /** The plural name, with the subresource where there is one. */
  readonly resource: string;
}

/** An API server's answer whose body was read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Longer messages are cut: a Status may quote the whole object that it refuses. */
const maxMessageLength = 512;

function parseStatus(text: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : {};
  } catch {
    return {}; // Proxies and load balancers answer in HTML; the HTTP status says enough then.
  }
}

function parseRetryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function statusRetryAfterMs(status: JsonObject): number | undefined {
  const details = status['details'];
  const seconds = isJsonObject(details) ? details['retryAfterSeconds'] : undefined;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}

function textOf(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value.slice(0, maxMessageLength) : fallback;
}

/** The error that an answer outside 200-299 stands for. `now` is wall-clock milliseconds. */
export function refusedAnswer(answer: Answer, call: CallName, now: number): KubeApiError {
  const status = parseStatus(answer.text);
  const redirected = answer.status >= 300 && answer.status < 400;
  const message = redirected
    ? 'the answer is a redirect, which is not followed'
    : textOf(status['message'], `HTTP status ${answer.status}`);
  return new KubeApiError(`cannot ${call.verb} ${call.resource}: ${message}`, {
    ...call,
    status: answer.status,
    reason: redirected ? 'Redirected' : textOf(status['reason'], 'Unknown'),
    retryAfterMs:
      parseRetryAfterMs(answer.headers['retry-after'], now) ?? statusRetryAfterMs(status),
  });
}

/** The error that a Status object inside a watch stands for. */
export function refusedByStatus(object: unknown, call: CallName): KubeApiError {
  const status = isJsonObject(object) ? object : {};
  const code = status['code'];
  const message = textOf(status['message'], 'the API ended it without saying why');
  return new KubeApiError(`cannot ${call.verb} ${call.resource}: ${message}`, {
    ...call,
    status: typeof code === 'number' ? code : undefined,
    reason: textOf(status['reason'], 'Unknown'),
    retryAfterMs: statusRetryAfterMs(status),
  });
}

/** The error for an answer that no reader of the API's format can read. */
export function badAnswer(what: string, call: CallName, cause?: unknown): KubeApiError {
  const message = `cannot ${call.verb} ${call.resource}: ${what}`;
  return new KubeApiError(message, { ...call, status: undefined, reason: 'BadAnswer', cause });
}

const timeouts = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

/** The error for a call that got no whole answer. */
export function unanswered(error: unknown, call: CallName): KubeApiError {
  if (error instanceof KubeApiError) return error;
  return new KubeApiError(`cannot ${call.verb} ${call.resource}: ${messageOf(error)}`, {
    ...call,
    status: undefined,
    reason: reasonOf(codeOf(error)),
    cause: error,
  });
}

function reasonOf(code: string): string {
  if (timeouts.includes(code)) return 'TimedOut';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'AnswerTooLarge';
  return 'ConnectionFailed';
}
