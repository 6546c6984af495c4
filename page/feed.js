import { byId, html } from './dom.js';
import { ask, poll } from './talk.js';
import { clockTime, count, counted, duration, shortName, workloadOf } from './words.js';

const mostKept = 2_000;
const mostShown = 200;

/** The decisions, newest first; returns a function that asks for news at once. */
export function startFeed({ wanted, explain }) {
  const rows = byId('decisions');
  const filters = {
    namespace: byId('feed-namespace'),
    signer: byId('feed-signer'),
    outcome: byId('feed-outcome'),
  };
  let process;
  let newest = 0;
  let kept = [];
  let missed = 0;
  let paused = false;

  const passes = (decision) =>
    (workloadOf(decision.identity ?? decision.caller)?.namespace ?? '').includes(
      filters.namespace.value.trim(),
    ) &&
    (filters.signer.value === '' || decision.signer === filters.signer.value) &&
    (filters.outcome.value === '' || decision.outcome === filters.outcome.value);

  const describe = () => {
    const passing = kept.filter(passes).length;
    const shown = Math.min(passing, mostShown);
    const skipped = missed > 0 ? `; ${count(missed)} more came too fast to be listed` : '';
    byId('feed-count').textContent =
      `${count(shown)} of ${counted(kept.length, 'decision')}${skipped}`;
    byId('feed-empty').hidden = shown > 0;
  };
  const draw = () => {
    rows.replaceChildren(
      ...kept
        .filter(passes)
        .slice(0, mostShown)
        .map((one) => row(one, explain)),
    );
    describe();
  };
  const add = (fresh, anew) => {
    kept = [...fresh.toReversed(), ...kept].slice(0, mostKept);
    learnSigners(filters.signer, fresh);
    if (paused) return describe();
    const added = fresh.filter(passes).slice(-mostShown).toReversed();
    rows.prepend(...added.map((one) => row(one, explain, !anew)));
    while (rows.children.length > mostShown) rows.lastElementChild.remove();
    describe();
  };

  for (const filter of Object.values(filters)) filter.addEventListener('input', draw);
  byId('feed-pause').addEventListener('click', ({ target }) => {
    paused = !paused;
    target.setAttribute('aria-pressed', String(paused));
    target.textContent = paused ? 'Resume' : 'Pause';
    if (!paused) draw();
  });
  return poll({
    wanted,
    everyMs: 1_000,
    look: async () => {
      const answer = await ask(`debug/decisions?after=${newest}`);
      if (process !== undefined && process !== answer.process) {
        kept = [];
        missed = 0;
        rows.replaceChildren();
      }
      const anew = process === undefined || process !== answer.process;
      missed += anew ? 0 : answer.skipped;
      process = answer.process;
      newest = answer.newest;
      if (answer.decisions.length > 0 || anew) add(answer.decisions, anew);
    },
  });
}

function learnSigners(select, decisions) {
  const known = new Set([...select.options].map(({ value }) => value));
  for (const { signer } of decisions) {
    if (!signer || known.has(signer) || known.size > 500) continue;
    known.add(signer);
    select.append(html('option', { value: signer }, shortName(signer)));
  }
}

function row(decision, explain, fresh = false) {
  const { outcome, identity, caller, signer, totalMs, time, requestId, sequence } = decision;
  const uri = identity ?? caller;
  const workload = workloadOf(uri);
  const open = () =>
    explain({ ...workload, signer: decision.certSigner, cluster: decision.cluster });
  const name =
    workload === undefined
      ? html('span', { class: 'muted' }, uri ?? 'not known')
      : html(
          'button',
          { type: 'button', class: 'link', title: uri, onclick: open },
          html('span', { class: 'muted' }, `${workload.namespace}/`),
          workload.account,
        );
  return html(
    'tr',
    {
      class: fresh ? 'fresh' : undefined,
      'data-sequence': sequence,
      title: `request ${requestId}`,
    },
    html('td', { class: 'mono' }, clockTime(time)),
    html('td', {}, html('span', { class: `pill ${outcome}` }, outcome)),
    html('td', {}, name),
    html('td', { title: signer }, signer === undefined ? '–' : shortName(signer)),
    html('td', {}, because(decision)),
    html('td', { class: 'number mono' }, duration(totalMs)),
  );
}

function because({ outcome, reason, code, assignedBy, servedInsteadOf, certSigner }) {
  if (outcome !== 'issued') {
    const wish = certSigner ? ` (asked for ${certSigner})` : '';
    return `${(reason ?? code ?? '').replaceAll('_', ' ').toLowerCase()}${wish}`;
  }
  const instead = servedInsteadOf ? `, instead of ${shortName(servedInsteadOf)}` : '';
  return `${assignedBy ?? ''}${instead}`;
}
