import { byId, html, replaceKeepingFocus } from './dom.js';
import { drawMap, kindOf, mostCards } from './trust-drawing.js';
import { namespaceRows } from './namespaces.js';
import { ask, poll } from './talk.js';
import { clip, count, counted, domainOf, shortHash, shortName, until, urgency } from './words.js';

const mostRows = 100;
const mostTones = 8;
const mostOptions = 5_000;

let view;
let chosen;

/** The trust map and its tables; returns a function that looks at once. */
export function startTrust({ wanted, explain }) {
  const pick = (signer) => {
    chosen = chosen === signer ? undefined : signer;
    byId('namespace-signer').value = chosen ?? '';
    draw();
  };
  const draw = () => {
    if (view === undefined) return;
    drawPicture(pick);
    drawSigners();
    drawNamespaces(explain);
  };
  byId('signer-search').addEventListener('input', drawSigners);
  byId('namespace-search').addEventListener('input', () => drawNamespaces(explain));
  byId('namespace-signer').addEventListener('input', ({ target }) => {
    chosen = target.value === '' ? undefined : target.value;
    draw();
  });
  for (const id of ['talk-from', 'talk-to']) byId(id).addEventListener('input', answerTalk);
  wireAsk(explain);
  let width = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (Math.abs(contentRect.width - width) < 1) return;
    width = contentRect.width;
    if (view !== undefined) drawPicture(pick);
  }).observe(byId('trust-map'));
  let before = '';
  return poll({
    // Once in any case: the other pages use its names.
    wanted: () => wanted() || view === undefined,
    everyMs: 3_000,
    look: async () => {
      const answer = await ask('debug/trust');
      const same = JSON.stringify({ ...answer, takenAt: 0 });
      if (same === before) return;
      before = same;
      take(answer);
      draw();
    },
  });
}

function take(answer) {
  view = answer;
  view.partners = new Map(view.signers.map(({ name }) => [name, []]));
  for (const link of view.links) {
    const [one, other] = link.signers;
    view.partners.get(one)?.push({ name: other, link });
    view.partners.get(other)?.push({ name: one, link });
  }
  view.bySigner = new Map(view.signers.map(({ name }) => [name, []]));
  for (const namespace of view.namespaces) {
    for (const signer of namespace.signers) view.bySigner.get(signer)?.push(namespace);
  }
  view.tones = new Map(view.signers.map(({ name }, at) => [name, at % mostTones]));
  byId('about').textContent = view.trustDomain;
  drawFigures();
  drawWarnings();
  fillChoices();
  answerTalk();
}

const toneOf = (signer) => view.tones.get(signer) ?? 'none';

function drawFigures() {
  const figures = [
    ['Signers', count(view.signers.length)],
    ['Namespaces', count(view.namespaceCount)],
    ['Identities seen', count(view.identityCount)],
    [
      'Pairs that can talk',
      `${count(view.links.filter(({ accepts }) => accepts === 'both').length)}${view.linksCut ? '+' : ''}`,
    ],
    ['Mesh generation', count(view.meshGeneration)],
  ];
  byId('trust-figures').replaceChildren(
    ...figures.map(([name, value]) => html('div', {}, html('dt', {}, name), html('dd', {}, value))),
  );
}

function drawWarnings() {
  const names = (signers) => {
    const listed = signers.slice(0, 5).map(shortName).join(', ');
    return signers.length > 5 ? `${listed} and ${count(signers.length - 5)} more` : listed;
  };
  const shared = view.sharedRoots
    .filter(({ unexplained }) => unexplained)
    .map(({ root, signers }) =>
      html(
        'p',
        { class: 'banner bad' },
        html('strong', {}, `${names(signers)} share the root ${root.subject}`),
        ` (${shortHash(root.sha256)}) and no trusts pair explains it: their workloads can talk.`,
      ),
    );
  const oneWay = view.links
    .filter(({ accepts }) => accepts !== 'both')
    .slice(0, 10)
    .map(({ signers, accepts }) => {
      const [one, other] = accepts === 'first' ? signers : signers.toReversed();
      return html(
        'p',
        { class: 'banner warn' },
        html(
          'strong',
          {},
          `${shortName(one)} accepts ${shortName(other)}, but not the other way round`,
        ),
        ': what the one trusts beside its own roots vouches for the other.',
      );
    });
  const ending = view.signers.flatMap(({ name, roots }) =>
    roots
      .filter(({ notAfter }) => urgency(notAfter) !== 'good')
      .map(({ subject, notAfter }) => {
        const left = until(Date.parse(notAfter));
        const says = left === 'expired' ? 'has expired' : `ends in ${left}`;
        return html(
          'p',
          { class: `banner ${urgency(notAfter)}` },
          html('strong', {}, `The root ${subject} of ${shortName(name)} ${says}`),
        );
      }),
  );
  const unbound = view.unboundRoots.map(({ subject, sha256 }) =>
    html(
      'p',
      { class: 'banner warn' },
      html('strong', {}, `Every workload trusts ${subject}`),
      ` (${shortHash(sha256)}), which the mesh config names for no signer.`,
    ),
  );
  const all = [...shared, ...unbound, ...oneWay, ...ending];
  const more =
    all.length > 12 && html('p', { class: 'muted' }, `and ${count(all.length - 12)} more`);
  byId('trust-warnings').replaceChildren(...all.slice(0, 12), ...(more ? [more] : []));
}

function fillChoices() {
  byId('all-namespaces').replaceChildren(
    ...view.namespaces.slice(0, mostOptions).map(({ name }) => html('option', { value: name })),
  );
  const select = byId('namespace-signer');
  const any = html('option', { value: '' }, 'any');
  select.replaceChildren(
    any,
    ...view.signers.map(({ name }) => html('option', { value: name }, shortName(name))),
  );
  if (!view.partners.has(chosen)) chosen = undefined;
  select.value = chosen ?? '';
}

function drawPicture(choose) {
  const room = byId('trust-map');
  const weight = ({ name, namespaces, identities }) =>
    view.partners.get(name).length * 1e6 + namespaces * 1e3 + identities;
  const signers = [...view.signers].sort((a, b) => weight(b) - weight(a)).slice(0, mostCards);
  replaceKeepingFocus(
    room,
    drawMap({
      signers: signers.sort((a, b) => a.name.localeCompare(b.name)),
      links: view.links,
      namespacesOf: (name) => view.bySigner.get(name),
      ...{ toneOf, chosen, choose },
      width: Math.max(
        280,
        room.clientWidth - 2 * Number.parseFloat(getComputedStyle(room).paddingLeft),
      ),
    }),
  );
  const cut = view.signers.length - signers.length;
  byId('trust-map-note').textContent =
    cut > 0
      ? `${count(signers.length)} of ${counted(view.signers.length, 'signer')} are drawn, those with lines and the busiest; the table has all.`
      : '';
}

function matching(list, search, textOf) {
  const word = byId(search).value.trim().toLowerCase();
  return list.filter((item) => textOf(item).toLowerCase().includes(word));
}

function counts(id, shown, found, all, noun) {
  const narrowed = found === all ? '' : ` (${count(all)} in all)`;
  byId(id).textContent = `${count(shown)} of ${counted(found, noun)}${narrowed}`;
}

function drawSigners() {
  if (view === undefined) return;
  const found = matching(view.signers, 'signer-search', ({ name }) => name);
  const shown = found.slice(0, mostRows);
  replaceKeepingFocus(byId('signers'), ...shown.map(signerRow));
  counts('signer-count', shown.length, found.length, view.signers.length, 'signer');
}

function signerRow({ name, roots, namespaces, identities }) {
  const partners = view.partners.get(name);
  const talks = partners.filter(({ link }) => link.accepts === 'both');
  const listed = partners.slice(0, 8).map(({ name: other, link }) => {
    const kind = kindOf(link);
    return html(
      'span',
      { class: `pill ${kind.tone}`, title: kind.name },
      `${shortName(other)} · ${kind.name}`,
    );
  });
  const rest = partners.length - listed.length;
  const cut = view.linksCut ? ' at most' : '';
  return html(
    'tr',
    {},
    html(
      'td',
      { title: name },
      html('span', { class: `swatch tone-${toneOf(name)}` }),
      html('strong', {}, clip(shortName(name), 40)),
      html('div', { class: 'muted small' }, domainOf(name)),
    ),
    html(
      'td',
      {},
      roots.map((root) =>
        html(
          'div',
          { title: `${root.subject} ${root.sha256}` },
          html('code', {}, shortHash(root.sha256)),
          html(
            'span',
            { class: `small ${urgency(root.notAfter)}` },
            ` ${until(Date.parse(root.notAfter))}`,
          ),
        ),
      ),
    ),
    html('td', { class: 'number' }, count(namespaces)),
    html('td', { class: 'number' }, count(identities)),
    html(
      'td',
      {},
      listed.length > 0 ? listed : html('span', { class: 'muted' }, 'nobody else'),
      rest > 0 && ` and ${count(rest)} more`,
    ),
    html('td', { class: 'number' }, `${count(view.signers.length - 1 - talks.length)}${cut}`),
  );
}

function drawNamespaces(explain) {
  if (view === undefined) return;
  const all = view.namespaces;
  const found = matching(all, 'namespace-search', ({ name }) => name).filter(
    ({ signers }) => chosen === undefined || signers.includes(chosen),
  );
  const shown = found.slice(0, mostRows);
  replaceKeepingFocus(
    byId('namespaces'),
    ...shown.flatMap((namespace) => namespaceRows(namespace, { explain, toneOf })),
  );
  counts('namespace-count', shown.length, found.length, view.namespaceCount, 'namespace');
}

/** Whether workloads of two namespaces accept each other, for each signer that they get. */
function answerTalk() {
  const answer = byId('talk-answer');
  const say = (tone, text) => {
    answer.className = `answer ${tone}`;
    if (answer.textContent !== text) answer.textContent = text;
  };
  const names = ['talk-from', 'talk-to'].map((id) => byId(id).value.trim());
  if (view === undefined || names.includes('')) return say('muted', 'Name two namespaces.');
  const [one, other] = names.map((name) => view.namespaces.find((known) => known.name === name));
  const missing = names.find((_, at) => (at === 0 ? one : other) === undefined);
  if (missing !== undefined) return say('muted', `Namespace ${missing} is not known here.`);
  const without = [one, other].find(({ signers }) => signers.length === 0);
  if (without !== undefined) return say('warn', `No: ${without.name} gets no certificate.`);
  const verdicts = one.signers.flatMap((first) =>
    other.signers.map((second) => talk(first, second)),
  );
  const able = verdicts.filter(({ can }) => can);
  const because = [
    ...new Set((able.length > 0 ? able : verdicts).map((verdict) => verdict.because)),
  ].join('; ');
  if (able.length === 0) return say('apart', `No, they cannot talk: ${because}.`);
  const some = able.length < verdicts.length ? 'Some of their workloads can' : 'Yes, they can';
  say('info', `${some} talk: ${because}.`);
}

function talk(first, second) {
  const [one, other] = [shortName(first), shortName(second)];
  if (first === second) return { can: true, because: `both get ${one}` };
  const partner = view.partners.get(first)?.find(({ name }) => name === second);
  if (partner === undefined && view.linksCut) {
    return {
      can: false,
      because: `no line between ${one} and ${other} is listed, though not all are`,
    };
  }
  if (partner === undefined)
    return { can: false, because: `${one} and ${other} have no root in common` };
  const can = partner.link.accepts === 'both';
  return { can, because: `${one} and ${other}: ${kindOf(partner.link).name}` };
}

function wireAsk(explain) {
  const go = () => {
    const [namespace, account] = ['ask-namespace', 'ask-account'].map((id) =>
      byId(id).value.trim(),
    );
    void explain({ namespace, account });
  };
  byId('ask').addEventListener('click', go);
  for (const id of ['ask-namespace', 'ask-account']) {
    byId(id).addEventListener('keydown', ({ key }) => key === 'Enter' && go());
  }
}
