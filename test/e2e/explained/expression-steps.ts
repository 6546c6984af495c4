import assert from 'node:assert/strict';
import { chartAlerts, dashboardExpressions } from '../../support/chart-expressions.ts';
import type { Step } from '../runner/suite.ts';
import { evaluate, type ExpressionReport, type ScrapedPage } from '../stack/rule-evaluator.ts';
import { assertIssued } from '../walkthrough/certificate-steps.ts';
import type { World } from '../walkthrough/world.ts';
import { appearLater } from './appear-later.ts';

/** What Grafana puts in its place where Prometheus scrapes twice a minute. */
const rateInterval = '2m';
const scrapeSeconds = 30;
const scrapeCount = 5;

/** Every expression of the chart, by Prometheus' own engine, on what the istio-ra of the walk-through says. */
export function expressionSteps(world: World): Step[] {
  return [
    {
      name: "every alert and every panel of the dashboard can be evaluated by Prometheus' own engine",
      run: async (show) => {
        const alerts = (await chartAlerts()).map(({ expr }) => expr);
        const panels = (await dashboardExpressions()).map(({ expr }) =>
          expr.replaceAll('$__rate_interval', rateInterval),
        );
        const expressions = [...alerts, ...panels];
        const scrapes = await scrapesOf(world);
        const told = await evaluate(world.tools.ruleEvaluator, { expressions, scrapes });
        assert.equal(told.expressions.length, expressions.length);
        const broken = told.expressions.filter(({ error }) => error !== undefined);
        assert.deepEqual(broken, []);
        assert.deepEqual(unfounded(told.expressions), []);
        assert.deepEqual(needless(told.expressions), []);
        const selectors = told.expressions.flatMap((report) => report.selectors);
        const results = told.expressions.slice(alerts.length).filter((one) => one.results > 0);
        show(
          `${alerts.length} alerts and ${panels.length} panels with ${selectors.length} selectors`,
        );
        show(`${results.length} of the panels have something to show`);
        for (const [selector, event] of appearLater) show(`only once ${event}: ${selector}`);
      },
    },
  ];
}

/** Selectors that find nothing, and of which nobody said that they may. */
function unfounded(reports: readonly ExpressionReport[]): readonly string[] {
  return reports.flatMap(({ selectors }) =>
    selectors
      .filter(({ selector, series }) => series === 0 && !appearLater.has(selector))
      .map(({ selector }) => selector),
  );
}

/** What is said to appear later and nobody selects. */
function needless(reports: readonly ExpressionReport[]): readonly string[] {
  const selected = new Set(
    reports.flatMap(({ selectors }) => selectors.map((one) => one.selector)),
  );
  return [...appearLater.keys()].filter((selector) => !selected.has(selector));
}

/** Some scrapes with a certificate before each. */
async function scrapesOf(world: World): Promise<readonly ScrapedPage[]> {
  const start = Math.floor(Date.now() / 1000);
  const scrapes: ScrapedPage[] = [];
  for (let past = 0; past < scrapeCount; past++) {
    assertIssued(await world.request({ namespace: 'foo', account: 'httpbin' }));
    scrapes.push({ at: start + past * scrapeSeconds, page: await world.ra.scrape() });
  }
  return scrapes;
}
