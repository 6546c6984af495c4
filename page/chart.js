// Small charts of the last hour: lines or stacked bars over time, and bars over classes.
import { html, svg } from './dom.js';
import { count } from './words.js';

const size = { width: 420, height: 150, left: 56, right: 10, top: 10, bottom: 22 };
const inner = {
  width: size.width - size.left - size.right,
  height: size.height - size.top - size.bottom,
};

/** The next 1, 2 or 5 times a power of ten, so that the axis has round numbers. */
function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

const yOf = (value, top) => size.top + inner.height * (1 - value / top);

function frame({ title, says, legend, format, top, ticks }, ...marks) {
  const lines = [0, 0.5, 1].map((part) => {
    const y = yOf(part, 1);
    return [
      svg('line', { class: 'grid', x1: size.left, x2: size.width - size.right, y1: y, y2: y }),
      svg('text', { class: 'axis end', x: size.left - 6, y: y + 4 }, format(top * part)),
    ];
  });
  const below = ticks.map(({ x, text, anchor = '' }) =>
    svg('text', { class: `axis ${anchor}`, x, y: size.height - 6 }, text),
  );
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${size.width} ${size.height}`, role: 'img', 'aria-label': `${title}: ${says}` },
    ...lines.flat(),
    ...marks,
    ...below,
  );
  const keys = legend.map(({ name, tone, value }) =>
    html('li', {}, html('span', { class: `key ${tone}` }), name, html('strong', {}, value)),
  );
  return html(
    'figure',
    { class: 'card' },
    html('figcaption', {}, title),
    picture,
    html('ul', { class: 'legend' }, keys),
  );
}

const overAnHour = [
  { x: size.left, text: '60 min ago' },
  { x: size.left + inner.width, text: 'now', anchor: 'end' },
];

/**
 * Lines over the hour before `now`. A series has `{ name, tone, points: [[time, value]] }`; an
 * undefined value is a gap.
 */
export function lineChart({ title, series, format = count, now }) {
  const values = series.flatMap(({ points }) => points.map(([, value]) => value ?? 0));
  const top = roundUp(Math.max(...values, 0));
  const xOf = (time) => size.left + inner.width * Math.max(0, 1 - (now - time) / 3_600_000);
  const last = ({ points }) => points.findLast(([, value]) => value !== undefined)?.[1];
  const say = (value) => (value === undefined ? '–' : format(value));
  const legend = series.map((one) => ({ ...one, value: say(last(one)) }));
  const says = legend.map(({ name, value }) => `${name} ${value}`).join(', ');
  const marks = series.flatMap(({ tone, points }) => drawLine({ tone, points, xOf, top }));
  return frame({ title, says, legend, format, top, ticks: overAnHour }, ...marks);
}

function drawLine({ tone, points, xOf, top }) {
  let path = '';
  const alone = [];
  points.forEach(([time, value], at) => {
    if (value === undefined || value === null) return;
    const before = points[at - 1]?.[1];
    const [x, y] = [xOf(time).toFixed(1), yOf(value, top).toFixed(1)];
    path += `${before === undefined ? 'M' : 'L'}${x} ${y}`;
    if (before === undefined && points[at + 1]?.[1] === undefined) {
      alone.push(svg('circle', { class: `spot ${tone}`, cx: x, cy: y, r: 2.5 }));
    }
  });
  return [svg('path', { class: `line ${tone}`, d: path }), ...alone];
}

/** Bars whose parts stand on each other: `bars` holds lists of values, one for each of `series`. */
export function barChart({ title, series, bars, ticks = overAnHour, format = count, says }) {
  const sums = bars.map((parts) => parts.reduce((sum, part) => sum + part, 0));
  const top = Math.max(roundUp(Math.max(...sums, 0)), 2);
  const step = inner.width / bars.length;
  const rects = bars.flatMap((parts, at) => {
    let below = 0;
    return parts.map((part, index) => {
      below += part;
      if (part === 0) return undefined;
      const height = Math.max(1, (inner.height * part) / top);
      return svg(
        'rect',
        {
          class: `fill ${series[index].tone}`,
          x: size.left + at * step + step * 0.1,
          y: yOf(below, top),
          width: step * 0.8,
          height,
          rx: Math.min(2, step * 0.2),
        },
        svg('title', {}, `${series[index].name}: ${format(part)}`),
      );
    });
  });
  const totals = series.map((one, index) => ({
    ...one,
    value: count(bars.reduce((sum, parts) => sum + parts[index], 0)),
  }));
  const told = says ?? totals.map(({ name, value }) => `${value} ${name}`).join(', ');
  return frame({ title, says: told, legend: totals, format, top, ticks }, ...rects);
}

/** The places of labels under `many` bars, for those that are named. */
export const classTicks = (names, many) =>
  names.map(([at, text]) => ({
    x: size.left + ((at + 0.5) * inner.width) / many,
    text,
    anchor: 'middle',
  }));
