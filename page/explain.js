import { byId, html } from './dom.js';
import { ask } from './talk.js';
import { clockTime, counted, shortHash, shortName, until } from './words.js';

let asked = 0;

/** Opens the panel for a workload: `{ namespace, account, signer }`. */
export async function openExplain({ namespace, account, signer }) {
  const dialog = byId('explain');
  const body = byId('explain-body');
  byId('explain-title').textContent = `${namespace}/${account}`;
  body.replaceChildren(html('p', { class: 'muted' }, 'asking…'));
  if (!dialog.open) dialog.showModal();
  const turn = (asked += 1);
  const query = new URLSearchParams({ namespace, 'service-account': account });
  if (signer) query.set('signer', signer);
  try {
    const explanation = await ask(`debug/explain?${query}`);
    if (turn === asked) body.replaceChildren(...describe(explanation, signer));
  } catch (error) {
    if (turn === asked) body.replaceChildren(html('p', { class: 'banner bad' }, error.message));
  }
}

export function wireExplain() {
  const dialog = byId('explain');
  byId('explain-close').addEventListener('click', () => dialog.close());
  // The dialog itself is only hit beside its content, on the backdrop.
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) dialog.close();
  });
}

function describe(explanation, wish) {
  const { identity, verdict, steps, roots, recentRefusals } = explanation;
  return [
    html('p', { class: 'mono small muted' }, identity),
    verdictOf(verdict, wish),
    html('h3', {}, 'What was asked, strongest first'),
    html('ol', { class: 'steps' }, steps.map(step)),
    ...facts(explanation),
    roots.length > 0 && html('h3', {}, `Trusts ${counted(roots.length, 'root')}`),
    html('ul', { class: 'plain' }, roots.map(root)),
    ...refusals(recentRefusals),
  ].filter(Boolean);
}

function verdictOf(verdict, wish) {
  const asking = wish ? `asking for ${wish}` : 'asking for no signer by name';
  if (verdict.kind === 'refused') {
    return html(
      'div',
      { class: 'verdict bad' },
      html('strong', {}, 'It would be refused'),
      html('p', {}, `${asking}: ${verdict.because}`),
      html('p', { class: 'mono small' }, `${verdict.code} · ${verdict.reason}`),
    );
  }
  const instead = verdict.servedInsteadOf
    ? `, which serves instead of ${shortName(verdict.servedInsteadOf)}`
    : '';
  return html(
    'div',
    { class: 'verdict good' },
    html('strong', {}, `It would get ${shortName(verdict.signer)}${instead}`),
    html('p', {}, `${asking}; assigned by ${verdict.assignedBy}`),
    html('p', { class: 'mono small' }, verdict.signer),
  );
}

const words = {
  won: 'decides',
  refused: 'refuses',
  lost: 'loses',
  off: 'is off',
  void: 'says nothing',
};

const sources = {
  rules: 'Rule',
  proxyConfigWorkload: 'ProxyConfig for its pods',
  proxyConfigNamespace: 'ProxyConfig of its namespace',
  proxyConfigRootNamespace: 'ProxyConfig of the root namespace',
  k8sSigner: 'K8S_SIGNER',
  meshDefault: 'Default of the mesh',
};

function step({ from, source, signers, verdict, because }) {
  return html(
    'li',
    { class: `step ${verdict}` },
    html('span', { class: 'tag' }, words[verdict] ?? verdict),
    html(
      'div',
      {},
      html('strong', {}, source ?? sources[from] ?? from),
      signers.length > 0 && html('span', {}, ` names ${signers.map(shortName).join(', ')}`),
      html('p', { class: 'muted small' }, because),
    ),
  );
}

function facts({ lifetime, mayApprove, issuer, nodeAgent }) {
  const list = [];
  if (lifetime?.seconds) list.push(['Lifetime', until(lifetime.seconds * 1_000, 0)]);
  if (lifetime?.refused) list.push(['Lifetime', lifetime.refused]);
  if (mayApprove !== undefined) {
    const said = { true: 'yes', false: 'no: requests for it stay unapproved' };
    list.push(['We may approve', said[String(mayApprove)] ?? String(mayApprove)]);
  }
  if (issuer) list.push(['Its issuer', issuer]);
  if (nodeAgent) list.push(['Node agent', nodeAgent.trusted ? 'trusted' : 'not trusted']);
  if (list.length === 0) return [];
  const entries = list.flatMap(([name, value]) => [html('dt', {}, name), html('dd', {}, value)]);
  return [html('dl', { class: 'facts' }, entries)];
}

function root({ subject, sha256, notAfter, key }) {
  return html(
    'li',
    {},
    html('strong', {}, subject),
    html('span', { class: 'muted small' }, ` ${key}, ${until(Date.parse(notAfter))} left, `),
    html('code', { class: 'small', title: sha256 }, shortHash(sha256)),
  );
}

function refusals(recent) {
  if (recent.length === 0) return [];
  const lines = recent.map(({ time, reason, code, requestId }) =>
    html(
      'li',
      {},
      html('span', { class: 'mono' }, clockTime(time)),
      ` ${(reason ?? code ?? '').replaceAll('_', ' ')} `,
      html('code', { class: 'muted small' }, requestId),
    ),
  );
  return [html('h3', {}, 'Refused lately'), html('ul', { class: 'plain' }, lines)];
}
