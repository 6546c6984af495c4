import { RaError } from '../base/ra-error.ts';
import type { RecentDecisions } from '../ra/recent-decisions.ts';
import type { PageRoute } from '../server/page-server.ts';
import { answerJson, refuseOthers } from './json-answer.ts';

const maxInOne = 500;

/**
 * `/debug/decisions?after=N`: what was decided after that sequence number, oldest first, at most the
 * newest 500. `skipped` says how many between are not told. `process` changes with each start, after
 * which sequence numbers begin anew.
 */
export function decisionsRoute(recent: RecentDecisions, process: string): PageRoute {
  return answerJson((query) => {
    refuseOthers(query, ['after']);
    const text = query.get('after') ?? '0';
    if (!/^\d{1,15}$/.test(text)) {
      throw new RaError('REQUEST_MALFORMED', 'after must be a whole number');
    }
    const { newest } = recent;
    const after = Number(text) > newest ? 0 : Number(text);
    const decisions = recent.after(after).slice(-maxInOne);
    return { process, newest, skipped: newest - after - decisions.length, decisions };
  });
}
