import { html } from './dom.js';
import { ask } from './talk.js';
import { clockTime, count, counted, shortName, until } from './words.js';

/** The namespaces whose identities are shown. */
const open = new Set();

/** The row of a namespace, and below it one with its identities while it is open. */
export function namespaceRows(namespace, { explain, toneOf }) {
  const { name, signers, sources, refusals, identities } = namespace;
  const detail = html('tr', { class: 'detail', hidden: true }, html('td', { colspan: 5 }));
  const toggle = html(
    'button',
    { type: 'button', class: 'link', 'aria-expanded': 'false', 'data-key': `namespace ${name}` },
    name,
  );
  const show = () => {
    toggle.setAttribute('aria-expanded', 'true');
    detail.hidden = false;
    void fillIdentities(detail.firstElementChild, name, explain);
  };
  toggle.addEventListener('click', () => {
    if (open.delete(name)) {
      toggle.setAttribute('aria-expanded', 'false');
      detail.hidden = true;
      return;
    }
    open.add(name);
    show();
  });
  if (open.has(name)) show();
  const assigned = signers.map((signer) =>
    html(
      'span',
      { title: signer },
      html('span', { class: `swatch tone-${toneOf(signer)}` }),
      `${shortName(signer)} `,
    ),
  );
  const row = html(
    'tr',
    { 'data-namespace': name },
    html('td', {}, toggle),
    html(
      'td',
      {},
      assigned.length > 0 ? assigned : html('span', { class: 'pill refused' }, 'refused'),
    ),
    html('td', { class: 'small' }, [...sources, ...refusals.map(plain)].join('; ')),
    html('td', { class: 'number' }, count(identities)),
    html('td', { class: 'small' }, remarks(namespace)),
  );
  return [row, detail];
}

const plain = (reason) => `refused: ${reason.replaceAll('_', ' ').toLowerCase()}`;

function remarks({ outdated, dependsOnPods, signers }) {
  return [
    signers.length > 1 && html('span', { class: 'pill info' }, 'several signers'),
    dependsOnPods && html('span', { class: 'pill info' }, 'depends on pod labels'),
    outdated > 0 &&
      html(
        'span',
        { class: 'pill warn' },
        `${counted(outdated, 'identity', 'identities')} with a former signer’s certificate`,
      ),
  ];
}

async function fillIdentities(cell, namespace, explain) {
  try {
    const query = new URLSearchParams({ namespace });
    const { found, identities } = await ask(`debug/identities?${query}`);
    const listed = identities.length > 0 ? identities : [{ namespace, serviceAccount: 'default' }];
    const note =
      found === 0
        ? 'Nobody asked from here since this process started; explain the account default:'
        : found > identities.length && `the latest ${count(identities.length)} of ${count(found)}`;
    cell.replaceChildren(
      note ? html('p', { class: 'muted small' }, note) : '',
      html(
        'ul',
        { class: 'identities' },
        listed.map((identity) => item(identity, explain)),
      ),
    );
  } catch (error) {
    cell.replaceChildren(html('p', { class: 'banner bad' }, error.message));
  }
}

function item(identity, explain) {
  const { namespace, serviceAccount: account, now, issuedBy, issuedAt, notAfter } = identity;
  const { issued = 0, refused = 0, lastReason } = identity;
  const facts = [
    now?.kind === 'granted' && `gets ${shortName(now.signer)} now`,
    now?.kind === 'refused' && plain(now.reason),
    issuedBy && `last from ${shortName(issuedBy)} at ${clockTime(issuedAt)}`,
    notAfter && `${until(notAfter)} left`,
    issued + refused > 0 && `${count(issued)} issued, ${count(refused)} refused`,
    lastReason && `last: ${lastReason.replaceAll('_', ' ').toLowerCase()}`,
  ].filter(Boolean);
  return html(
    'li',
    {},
    html(
      'button',
      { type: 'button', class: 'link', onclick: () => explain({ namespace, account }) },
      account,
    ),
    html('span', { class: 'muted small' }, ` ${facts.join(' · ')}`),
  );
}
