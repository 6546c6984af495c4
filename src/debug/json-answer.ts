import { RaError } from '../base/ra-error.ts';
import { jsonPage } from '../server/page-server.ts';
import type { PageRoute } from '../server/page-server.ts';

/**
 * A route that answers what `make` returns as JSON, or `{ error }` and 400, 503 or 500. Without line breaks
 * and blanks, since a page reads it, unless `indent` says how many blanks each level is to have.
 */
export function answerJson(
  make: (query: URLSearchParams) => unknown,
  { indent = 0 }: { readonly indent?: number } = {},
): PageRoute {
  return async (query) => {
    try {
      return jsonPage(await make(query), { indent });
    } catch (error) {
      const { code, message } = RaError.from(error);
      const status = code === 'REQUEST_MALFORMED' ? 400 : code === 'INTERNAL' ? 500 : 503;
      return jsonPage({ error: message }, { status, indent });
    }
  };
}

/** Throws RaError REQUEST_MALFORMED for a parameter that is none of these. */
export function refuseOthers(query: URLSearchParams, known: readonly string[]): void {
  const other = [...query.keys()].find((key) => !known.includes(key));
  if (other === undefined) return;
  const there = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  throw new RaError('REQUEST_MALFORMED', `${other.slice(0, 64)} is not a parameter: ${there}`);
}
