import { RaError } from '../base/ra-error.ts';
import type { DebugAnswer, DebugRoute } from '../server/debug-http-server.ts';

/** A route that answers what `make` returns as JSON, or `{ error }` and 400, 503 or 500. */
export function answerJson(make: (query: URLSearchParams) => unknown): DebugRoute {
  return async (query): Promise<DebugAnswer> => {
    try {
      return json(200, await make(query));
    } catch (error) {
      const { code, message } = RaError.from(error);
      const status = code === 'REQUEST_MALFORMED' ? 400 : code === 'INTERNAL' ? 500 : 503;
      return json(status, { error: message });
    }
  };
}

/** Without line breaks and blanks: a page reads it. */
function json(status: number, value: unknown): DebugAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

/** Throws RaError REQUEST_MALFORMED for a parameter that is none of these. */
export function refuseOthers(query: URLSearchParams, known: readonly string[]): void {
  const other = [...query.keys()].find((key) => !known.includes(key));
  if (other === undefined) return;
  const there = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  throw new RaError('REQUEST_MALFORMED', `${other.slice(0, 64)} is not a parameter: ${there}`);
}
