import { barChart, classTicks, lineChart } from './chart.js';
import { byId, html, svg } from './dom.js';
import { ask, poll } from './talk.js';
import { count, counted, duration, shortName } from './words.js';

/** The figures and charts of this replica; returns a function that looks at once. */
export function startHealth({ wanted }) {
  return poll({
    wanted,
    everyMs: 5_000,
    look: async () => {
      const health = await ask('debug/health');
      drawFigures(health);
      drawCharts(health);
      drawSteps(health);
      drawStates(health);
    },
  });
}

function drawFigures({ minutes, total, load, readiness, signing, leader, version }) {
  const sum = (outcome) => minutes.reduce((all, { outcomes }) => all + outcomes[outcome], 0);
  const waits = readiness.filter(({ notReadyBecause }) => notReadyBecause !== undefined).length;
  const figures = [
    ['Ready', waits === 0 ? 'yes' : `no, ${counted(waits, 'condition')} short`],
    ['Issued in the hour', count(sum('issued'))],
    ['Refused', count(sum('refused'))],
    ['p99 of all', duration(total.p99Ms)],
    ['In flight', load.inFlight === undefined ? '–' : count(load.inFlight)],
    ['Waiting', load.waiting === undefined ? '–' : count(load.waiting)],
    ['Requests awaited', signing === undefined ? '–' : count(signing.awaited)],
    ['Version', version],
  ];
  if (leader !== undefined) figures.push(['Leads', leader ? 'yes' : 'no']);
  byId('health-figures').replaceChildren(
    ...figures.map(([name, value]) => html('div', {}, html('dt', {}, name), html('dd', {}, value))),
  );
}

const pointsOf = (list, value) => list.map((item) => [item.from ?? item.time, value(item)]);

const stepTones = ['info', 'strong', 'good', 'bad'];

/** The slowest steps of the hour, one line each. */
function slowest(steps, minutes) {
  const sorted = [...steps].sort((a, b) => (b.p99Ms ?? 0) - (a.p99Ms ?? 0));
  return sorted.slice(0, stepTones.length).map(({ step }, at) => ({
    name: step.replaceAll('_', ' '),
    tone: stepTones[at],
    points: pointsOf(minutes, (minute) => minute.steps[step]?.p99Ms),
  }));
}

function drawCharts({ minutes, steps, loads, certificates, now }) {
  const outcomes = [
    { name: 'issued', tone: 'good' },
    { name: 'refused', tone: 'bad' },
    { name: 'abandoned', tone: 'warn' },
  ];
  const { tenths, expired } = certificates;
  const charts = [
    barChart({
      title: 'Requests per minute',
      series: outcomes,
      bars: minutes.map((minute) => outcomes.map(({ name }) => minute.outcomes[name])),
    }),
    lineChart({
      ...{ title: 'Latency of whole requests', now, format: duration },
      series: [
        { name: 'p50', tone: 'info', points: pointsOf(minutes, ({ total }) => total.p50Ms) },
        { name: 'p99', tone: 'strong', points: pointsOf(minutes, ({ total }) => total.p99Ms) },
      ],
    }),
    lineChart({
      ...{ title: 'The slowest steps, p99', now, format: duration },
      series: slowest(steps, minutes),
    }),
    lineChart({
      ...{ title: 'Queue', now },
      series: [
        { name: 'in flight', tone: 'info', points: pointsOf(loads, ({ inFlight }) => inFlight) },
        { name: 'waiting', tone: 'strong', points: pointsOf(loads, ({ waiting }) => waiting) },
      ],
    }),
    lineChart({
      ...{ title: 'Lag of the event loop', now, format: duration },
      series: [{ name: 'p99', tone: 'info', points: pointsOf(loads, ({ lagMs }) => lagMs) }],
    }),
    barChart({
      title: 'Certificates by age, in tenths of their life',
      series: [{ name: 'living certificates', tone: 'info' }],
      bars: tenths.map((some) => [some]),
      ticks: classTicks(
        [
          [0, 'new'],
          [4, 'half'],
          [9, 'old'],
        ],
        10,
      ),
      says: `${tenths.join(', ')}; ${count(expired)} expired`,
    }),
  ];
  byId('charts').replaceChildren(...charts);
}

function drawSteps({ steps, total }) {
  const rows = [...steps, { step: 'whole request', ...total }];
  const longest = Math.max(...rows.map(({ p99Ms }) => p99Ms ?? 0), 1);
  const place = (ms) => (Math.log1p(ms ?? 0) / Math.log1p(longest)) * 100;
  byId('steps').replaceChildren(
    ...rows.map(({ step, count: times, p50Ms, p99Ms }) =>
      html(
        'tr',
        {},
        html('td', {}, step.replaceAll('_', ' ')),
        html('td', { class: 'number' }, count(times)),
        html('td', { class: 'number mono' }, duration(p50Ms)),
        html('td', { class: 'number mono' }, duration(p99Ms)),
        html('td', {}, span(place(p50Ms), place(p99Ms))),
      ),
    ),
  );
}

/** A bar from one percentile to the other, on a scale that shows short and long. */
function span(from, to) {
  return svg(
    'svg',
    { class: 'span', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'rail', y: 4, width: 100, height: 2 }),
    svg('rect', { class: 'fill info', x: from, y: 2, width: Math.max(1.5, to - from), height: 6 }),
  );
}

function drawStates({ readiness, watches, circuits }) {
  const line = (tone, name, says) =>
    html('li', {}, html('span', { class: `pill ${tone}` }, says), ` ${name}`);
  const fill = (id, lines, without) =>
    byId(id).replaceChildren(
      ...(lines?.length ? lines : [html('li', { class: 'muted' }, without)]),
    );
  fill(
    'readiness',
    readiness.map(({ check, notReadyBecause }) =>
      line(notReadyBecause ? 'bad' : 'good', check, notReadyBecause ?? 'holds'),
    ),
    'no conditions',
  );
  fill(
    'watches',
    watches?.map(({ resource, ageSeconds, failures }) => {
      const tone = failures > 0 ? 'bad' : ageSeconds > 120 ? 'warn' : 'good';
      const failed = failures > 0 ? `, ${counted(failures, 'failure')} in a row` : '';
      return line(tone, resource, `heard ${duration(ageSeconds * 1_000)} ago${failed}`);
    }),
    'none runs',
  );
  const tones = { closed: 'good', 'half-open': 'warn', open: 'bad' };
  const words = { closed: 'asked', 'half-open': 'on trial', open: 'not asked' };
  fill(
    'circuits',
    circuits?.map(({ signer, state }) =>
      line(tones[state], shortName(signer), words[state] ?? state),
    ),
    'all signers are asked',
  );
}
