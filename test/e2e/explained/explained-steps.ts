import assert from 'node:assert/strict';
import type { Explanation } from '../../../src/debug/explainer.ts';
import type { CheckResult } from '../../../src/check/check.ts';
import type { RecentDecision } from '../../../src/ra/recent-decisions.ts';
import { isShort } from '../runner/is-short.ts';
import type { Show, Step } from '../runner/suite.ts';
import { awaitUntil } from '../stack/await-until.ts';
import type { AlertReport } from '../stack/rule-evaluator.ts';
import { assertIssued } from '../walkthrough/certificate-steps.ts';
import { tenant, type CheckReport, type ExplainedWorld } from './explained-world.ts';
import type { Mistake, PageView } from './mistake.ts';
import { mistakes } from './mistakes.ts';

const { namespace, account } = tenant;
const soonMs = 40_000;

/** Each mistake is named by `check`, explained by `explain`, shown by the page, and an alert fires. */
export function explainedSteps(explained: ExplainedWorld): Step[] {
  return [
    {
      name: 'an istio-ra on files of its own is ready',
      foundation: true,
      run: () => explained.start(),
    },
    {
      name: 'nothing is wrong: check finds no error in real issuers, each signs, no alert fires',
      run: (show) => proveWell(explained, show),
    },
    ...mistakes.filter(isTold).map((mistake) => ({
      name: `${mistake.what}: check names it, explain says why, the page shows it, an alert fires`,
      run: (show: Show) => proveTold(explained, mistake, show),
    })),
    {
      name: 'all of them taken back: check finds no error',
      run: async (show) => {
        const report = await explained.check();
        assert.deepEqual(errorsOf(report), []);
        await explained.stop();
        await explained.world.awaitNothingLeft();
        show(describeCounts(report));
      },
    },
  ];
}

/** Other tests show what the commands and the page say of each; in the short form each alert fires once. */
function isTold({ isAlertShownByOther }: Mistake): boolean {
  return !isShort || isAlertShownByOther !== true;
}

async function proveWell(explained: ExplainedWorld, show: Show): Promise<void> {
  const [report, { alerts, decisions }] = await Promise.all([
    explained.check('--canary'),
    explained.observe(),
  ]);
  assert.deepEqual(errorsOf(report), []);
  show(`check: ${describeCounts(report)}`);
  for (const id of ['cert-manager-present', 'issuers-ready', 'issuer-ca-in-roots', 'canary']) {
    const found = report.checks.filter((check) => check.id === id);
    assert.ok(found.length > 0, id);
    for (const { about, verdict, text } of found) assert.equal(verdict, 'ok', `${about}: ${text}`);
    show(`${id}: ${found[0]?.text ?? ''}`);
  }
  for (const { outcome } of decisions) assert.equal(outcome, 'issued');
  assert.deepEqual(firingOf(alerts), []);
  show(
    `${decisions.length} certificates while Prometheus' clock goes 36 minutes: none of ${alerts.length} alerts fires`,
  );
  const { verdict, mayApprove, issuer } = await explained.explain();
  assert.equal(verdict.kind, 'granted');
  assert.equal(mayApprove, true);
  show(`explain: granted; ${issuer ?? ''}`);
}

async function proveTold(explained: ExplainedWorld, mistake: Mistake, show: Show): Promise<void> {
  const mark = await newestDecision(explained);
  await mistake.make(explained);
  try {
    const checking = explained.check();
    show(`explain: ${await awaitExplained(explained, mistake)}`);
    const { alerts, decisions } = await explained.observe();
    assert.ok(
      decisions.every(({ outcome }) => outcome !== 'issued'),
      'nobody is served meanwhile',
    );
    show(`alert: ${firingAs(mistake, alerts)}`);
    show(`page: ${await shownOf(explained, mistake, mark)}`);
    const report = await checking;
    for (const told of checksOf(mistake, report)) show(`check: ${told}`);
  } finally {
    await mistake.undo(explained);
  }
  const served = async (): Promise<boolean> => {
    const report = await explained.world.request(tenant, { ra: explained.ra, retries: false });
    if (report.ok) assertIssued(report);
    return report.ok;
  };
  await awaitUntil(served, { what: 'the tenant is served again', timeoutMs: soonMs });
}

async function awaitExplained(explained: ExplainedWorld, mistake: Mistake): Promise<string> {
  return awaitUntil(async () => mistake.explained(await explained.explain()), {
    what: `explain tells of ${mistake.what}`,
    timeoutMs: soonMs,
  });
}

/** Every error of the report is one that the mistake is to make, with what to do about it. */
function checksOf(mistake: Mistake, report: CheckReport): readonly string[] {
  const errors = errorsOf(report);
  const nameOf = ({ id, about }: Pick<CheckResult, 'id' | 'about'>) => ({ id, about });
  assert.deepEqual(errors.map(nameOf), mistake.checks.map(nameOf), JSON.stringify(errors));
  return errors.map(({ severity, text, fix = '' }, index) => {
    assert.match(text, mistake.checks[index]?.text ?? /^$/);
    assert.notEqual(fix, '');
    return `${severity} ${text}; fix: ${fix}`;
  });
}

function firingAs({ alert }: Mistake, alerts: readonly AlertReport[]): string {
  const report = alerts.find((one) => one.alert === alert.name);
  const found = report?.firing.find(({ labels }) =>
    Object.entries(alert.labels).every(([name, value]) => labels[name] === value),
  );
  assert.ok(found, `${alert.name} does not fire: ${JSON.stringify(alerts)}`);
  const others = alerts.filter(({ firedAfter }) => firedAfter >= 0).map((one) => one.alert);
  const minutes = Math.round((report?.firedAfter ?? 0) / 60);
  return `${alert.name} after ${minutes} minutes: ${found.summary} (in all: ${others.join(', ')})`;
}

async function shownOf(explained: ExplainedWorld, mistake: Mistake, mark: number): Promise<string> {
  const { ra } = explained;
  const feed = await ra.debug<{ readonly decisions: readonly RecentDecision[] }>(
    `/debug/decisions?after=${mark}`,
  );
  const refusals = feed.decisions.filter(({ reason }) => reason === mistake.reason);
  assert.ok(refusals.length > 0, `the feed has no ${mistake.reason}`);
  const question = `/debug/explain?namespace=${namespace}&service-account=${account}`;
  const look = async (): Promise<string | undefined> =>
    mistake.shown({
      trust: await ra.debug<PageView['trust']>('/debug/trust'),
      health: await ra.debug<PageView['health']>('/debug/health'),
      explanation: await ra.debug<Explanation>(question),
    });
  // A circuit opens once its faults of the last 30 s outweigh what was signed before them: somebody has
  // to go on asking for that long.
  const shown = await explained.underLoad(() =>
    awaitUntil(look, { what: `the page shows ${mistake.what}`, timeoutMs: soonMs }),
  );
  return `${refusals.length} refused as ${mistake.reason}; ${shown}`;
}

async function newestDecision({ ra }: ExplainedWorld): Promise<number> {
  return (await ra.debug<{ readonly newest: number }>('/debug/decisions')).newest;
}

function errorsOf({ checks }: CheckReport): readonly CheckResult[] {
  return checks.filter(({ verdict, severity }) => verdict === 'failed' && severity === 'error');
}

function firingOf(alerts: readonly AlertReport[]): readonly string[] {
  return alerts.filter(({ firedAfter }) => firedAfter >= 0).map(({ alert }) => alert);
}

function describeCounts({ counts }: CheckReport): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}
