// The map itself: signers as cards, and a line for each two whose workloads accept each other.
import { pressable, svg } from './dom.js';
import {
  clip,
  clipInside,
  commonName,
  counted,
  domainOf,
  shortHash,
  shortName,
  until,
  urgency,
} from './words.js';

export const mostCards = 24;
const mostRoots = 3;
const mostChips = 6;
const card = { width: 264, gap: 40, padding: 18 };
const rootHeight = 44;
const chipRow = 28;

/** How a line looks, and what it is called. */
export function kindOf({ accepts, trustsPair, sharedRoots }) {
  if (accepts !== 'both') return { name: 'one way', tone: 'warn' };
  if (trustsPair) return { name: 'trusts pair', tone: 'good' };
  return { name: sharedRoots.length > 0 ? 'shared root' : 'other roots', tone: 'bad' };
}

/** Signers in an order that puts those with lines beside each other, the busiest in the middle. */
export function arrange(signers, links) {
  const neighbours = new Map(signers.map(({ name }) => [name, []]));
  for (const { signers: pair } of links) {
    const [one, other] = pair;
    if (!neighbours.has(one) || !neighbours.has(other)) continue;
    neighbours.get(one).push(other);
    neighbours.get(other).push(one);
  }
  const rank = (name) => neighbours.get(name).length;
  const order = [];
  const left = new Set(signers.map(({ name }) => name));
  for (const { name } of [...signers].sort((a, b) => rank(b.name) - rank(a.name))) {
    if (!left.delete(name)) continue;
    const island = [name];
    for (const next of island) {
      for (const other of neighbours.get(next)) if (left.delete(other)) island.push(other);
    }
    const [before, after] = [[], []];
    for (const [at, member] of island.entries()) (at % 2 === 1 ? before : after).push(member);
    const row = [...before.reverse(), ...after];
    order.push(...row);
  }
  const byName = new Map(signers.map((signer) => [signer.name, signer]));
  return order.map((name) => byName.get(name));
}

/** An SVG of `width` pixels; `choose` is called with the name of the signer that was chosen. */
export function drawMap({ signers, links, namespacesOf, toneOf, chosen, choose, width }) {
  const columns = Math.max(1, Math.floor((width + card.gap) / (card.width + card.gap)));
  const ordered = arrange(signers, links);
  const inRow = Math.min(columns, ordered.length);
  const indent = Math.max(
    columns === 1 ? 24 : 0,
    (width - inRow * (card.width + card.gap) + card.gap) / 2,
  );
  const places = new Map();
  const drawn = links.filter(({ signers: pair }) =>
    pair.every((name) => ordered.some((signer) => signer.name === name)),
  );
  let top = 0;
  for (let first = 0; first < ordered.length; first += columns) {
    const row = ordered.slice(first, first + columns);
    const names = new Set(row.map(({ name }) => name));
    const arcs = drawn.filter(({ signers: pair }) => pair.every((name) => names.has(name)));
    top += arcs.length > 0 ? 64 : 6;
    const heights = row.map((signer) => heightOf(signer, namespacesOf(signer.name)));
    const height = Math.max(...heights);
    row.forEach((signer, at) => {
      const x = indent + at * (card.width + card.gap);
      places.set(signer.name, { x, y: top, height, row: first, column: at });
    });
    top += height + 34;
  }
  const height = Math.max(0, top - 28);
  const { lines, labels } = drawLinks(drawn, places);
  return svg(
    'svg',
    {
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'group',
      'aria-label': 'Map of signers',
    },
    lines,
    ordered.map((signer) =>
      drawCard(signer, {
        ...places.get(signer.name),
        namespaces: namespacesOf(signer.name),
        tone: toneOf(signer.name),
        partners: drawn.filter(({ signers: pair }) => pair.includes(signer.name)),
        chosen: chosen === signer.name,
        choose,
      }),
    ),
    labels,
  );
}

function heightOf({ roots }, namespaces) {
  const listed = Math.min(roots.length, mostRoots) + (roots.length > mostRoots ? 0.5 : 0);
  return 66 + listed * rootHeight + 30 + chipsOf(namespaces).rows * chipRow + 8;
}

/** Where namespaces stand on a card: those that fit, then how many more there are. */
function chipsOf(namespaces) {
  const texts = namespaces.slice(0, mostChips).map(({ name }) => clip(name, 28));
  const more = namespaces.length - texts.length;
  if (more > 0) texts.push(`+${counted(more, 'more', 'more')}`);
  let [x, row] = [0, 0];
  const chips = texts.map((text, at) => {
    const width = text.length * 7 + 18;
    if (x > 0 && x + width > card.width - 2 * card.padding) [x, row] = [0, row + 1];
    const chip = { text, x, row, width, more: more > 0 && at === texts.length - 1 };
    x += width + 6;
    return chip;
  });
  return { chips, rows: chips.length === 0 ? 1 : row + 1 };
}

function drawCard(signer, at) {
  const { name, roots } = signer;
  const { x, y, height, namespaces, partners, tone, chosen, choose } = at;
  const talks = partners.filter(({ accepts }) => accepts === 'both').length;
  const says = `signer ${shortName(name)}, ${counted(roots.length, 'root')}, ${counted(namespaces.length, 'namespace')}, talks to ${talks === 0 ? 'no other signer' : counted(talks, 'other signer')}`;
  return svg(
    'g',
    {
      ...pressable(() => choose(name)),
      class: `signer tone-${tone}`,
      transform: `translate(${x} ${y})`,
      'aria-label': says,
      'aria-pressed': String(chosen),
      'data-key': name,
      'data-signer': shortName(name),
    },
    svg('title', {}, name),
    svg('rect', { class: 'card-face', width: card.width, height, rx: 10 }),
    svg('path', {
      class: 'card-edge',
      d: `M10 0h${card.width - 20}a10 10 0 0 1 10 10H0a10 10 0 0 1 10-10z`,
    }),
    svg('text', { class: 'card-name', x: card.padding, y: 36 }, clip(shortName(name), 26)),
    svg('text', { class: 'card-small', x: card.padding, y: 53 }, clip(domainOf(name), 38)),
    roots.slice(0, mostRoots).map((root, index) => drawRoot(root, 66 + index * rootHeight)),
    roots.length > mostRoots &&
      svg(
        'text',
        { class: 'card-small', x: card.padding, y: 80 + mostRoots * rootHeight },
        `and ${counted(roots.length - mostRoots, 'more root', 'more roots')}`,
      ),
    drawNamespaces(namespaces, height),
  );
}

function drawRoot({ subject, sha256, notAfter, key }, y) {
  const state = urgency(notAfter);
  const right = card.width - card.padding;
  return svg(
    'g',
    {},
    svg('title', {}, `${subject}\nSHA-256 ${sha256}\n${key}, until ${notAfter}`),
    svg('line', { class: 'card-rule', x1: card.padding, x2: right, y1: y, y2: y }),
    svg('circle', { class: `dot ${state}`, cx: card.padding + 4, cy: y + 16, r: 4 }),
    svg(
      'text',
      { class: 'card-text', x: card.padding + 14, y: y + 20 },
      clipInside(commonName(subject), 22),
    ),
    svg(
      'text',
      { class: `card-text end ${state}`, x: right, y: y + 20 },
      until(Date.parse(notAfter)),
    ),
    svg('text', { class: 'card-hash', x: card.padding + 14, y: y + 36 }, shortHash(sha256)),
    svg('text', { class: 'card-small end', x: right, y: y + 36 }, key),
  );
}

function drawNamespaces(namespaces, height) {
  const { chips, rows } = chipsOf(namespaces);
  const top = height - rows * chipRow - 8;
  return svg(
    'g',
    {},
    svg('line', {
      class: 'card-rule',
      x1: card.padding,
      x2: card.width - card.padding,
      y1: top - 28,
      y2: top - 28,
    }),
    svg(
      'text',
      { class: 'card-small', x: card.padding, y: top - 10 },
      namespaces.length === 0
        ? 'no namespace gets it now'
        : counted(namespaces.length, 'namespace'),
    ),
    chips.map(({ text, x, row, width, more }) =>
      svg(
        'g',
        {
          transform: `translate(${card.padding + x} ${top + row * chipRow})`,
          class: more ? 'chip more' : 'chip',
        },
        svg('rect', { width, height: 22, rx: 11 }),
        svg('text', { x: width / 2, y: 15 }, text),
      ),
    ),
  );
}

/** Where a line runs, and where its word may stand: over cards of one row, else beside them. */
function courseOf({ signers: pair }, places, at) {
  let [one, other] = pair.map((name) => places.get(name));
  if (one.row > other.row || (one.row === other.row && one.column > other.column))
    [one, other] = [other, one];
  const middle = card.width / 2;
  if (one.row !== other.row) return besideCards(one, other, at);
  const [x1, x2, y] = [one.x + middle + 22, other.x + middle - 22, one.y];
  const rise = other.column - one.column > 1 ? 62 : 44;
  const path = `M${x1} ${y}C${x1 + 8} ${y - rise} ${x2 - 8} ${y - rise} ${x2} ${y}`;
  return { path, x: (x1 + x2) / 2, y: y - rise * 0.75 };
}

/** Out of the side of the upper card, down the lane that is left of it, into that of the lower. */
function besideCards(upper, lower, at) {
  const lane = upper.x - card.gap / 2 + ((at % 3) - 1) * 9;
  const [y1, y2] = [upper.y + upper.height - 24, lower.y + 24 + (at % 3) * 6];
  const from = `M${upper.x} ${y1}H${lane + 8}Q${lane} ${y1} ${lane} ${y1 + 8}`;
  if (lower.x === upper.x) {
    const path = `${from}V${y2 - 8}Q${lane} ${y2} ${lane + 8} ${y2}H${lower.x}`;
    return { path, x: lane, y: upper.y + upper.height + 14 };
  }
  const [end, between] = [lower.x + card.width / 2, lower.y - 17 - (at % 3) * 5];
  const side = Math.sign(end - lane) * 8;
  const path = `${from}V${between - 8}Q${lane} ${between} ${lane + side} ${between}H${end - side}Q${end} ${between} ${end} ${between + 8}V${lower.y}`;
  return { path, x: (lane + end) / 2, y: between };
}

function drawLinks(links, places) {
  const courses = links.map((link, at) => ({
    link,
    ...kindOf(link),
    ...courseOf(link, places, at),
  }));
  const lines = courses.map(({ link, path, name, tone }) => {
    const pair = link.signers.map(shortName).sort();
    const title = svg('title', {}, `${pair.join(' and ')}: ${name}`);
    return svg('path', { class: `link ${tone}`, d: path, 'data-link': pair.join(' ') }, title);
  });
  const taken = [];
  // Warnings first: where there is no room for all words, those of trusts pairs are left out.
  const urgent = courses.toSorted((a, b) => (a.tone === 'good') - (b.tone === 'good'));
  return { lines, labels: urgent.flatMap((course) => label(course, taken)) };
}

function label({ name, tone, y, ...course }, taken) {
  const width = name.length * 6.6 + 18;
  const x = Math.max(course.x, width / 2);
  const collides = (top) =>
    taken.some(
      (other) => Math.abs(other.x - x) < (other.width + width) / 2 && Math.abs(other.y - top) < 22,
    );
  const top = [y, y + 22, y - 22].find((place) => !collides(place));
  if (top === undefined || (tone === 'good' && top !== y)) return [];
  taken.push({ x, y: top, width });
  return [
    svg(
      'g',
      { class: `link-label ${tone}`, transform: `translate(${x - width / 2} ${top - 10})` },
      svg('rect', { width, height: 20, rx: 10 }),
      svg('text', { x: width / 2, y: 14 }, name),
    ),
  ];
}
