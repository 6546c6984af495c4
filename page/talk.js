// One connection state for the whole page, and polling that spares whom nobody looks at.
import { byId } from './dom.js';

const withinMs = 10_000;
const slowest = 60_000;

/** The JSON behind a path; throws an Error whose message is for people. */
export async function ask(path) {
  let answer;
  try {
    answer = await fetch(path, { signal: AbortSignal.timeout(withinMs) });
  } catch {
    throw new Error('istio-ra does not answer');
  }
  const body = await answer.json().catch(() => ({ error: 'the answer cannot be read' }));
  if (!answer.ok) throw new Error(body.error ?? `istio-ra answers ${answer.status}`);
  if (body.error !== undefined) throw new Error(body.error);
  return body;
}

function tell(problem) {
  const connection = byId('connection');
  const state = problem === undefined ? 'live' : 'lost';
  if (connection.dataset.state !== state) {
    connection.dataset.state = state;
    connection.textContent = state === 'live' ? 'live' : 'no answer';
  }
  const trouble = byId('trouble');
  trouble.hidden = problem === undefined;
  if (trouble.textContent !== (problem ?? '')) trouble.textContent = problem ?? '';
}

/**
 * Runs `look` again and again while `wanted` says so: every `everyMs`, less and less often while the
 * page is hidden or there is no answer.
 */
export function poll({ look, everyMs, wanted }) {
  let waitMs = everyMs;
  let timer;
  let busy = false;
  const turn = async () => {
    clearTimeout(timer);
    if (busy || !wanted()) return;
    busy = true;
    try {
      await look();
      tell(undefined);
      waitMs = document.hidden ? Math.min(waitMs * 2, slowest) : everyMs;
    } catch (error) {
      tell(error.message);
      waitMs = Math.min(Math.max(waitMs, 1_000) * 2, document.hidden ? slowest : 15_000);
    }
    busy = false;
    timer = setTimeout(turn, waitMs);
  };
  const now = () => {
    waitMs = everyMs;
    void turn();
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) now();
  });
  return now;
}
