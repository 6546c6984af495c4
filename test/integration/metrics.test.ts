import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chartAlerts, dashboardExpressions } from '../support/chart-expressions.ts';
import type { AlertRule } from '../support/chart-expressions.ts';
import { namesIn } from '../support/promql-selectors.ts';
import { eventually, RunningMesh } from '../support/running-mesh.ts';
import { parseSamples } from '../support/scraped-samples.ts';
import type { ScrapedSample } from '../support/scraped-samples.ts';

const root = join(import.meta.dirname, '../..');
/** What Prometheus itself puts on every series that it scrapes. */
const targetLabels = ['instance', 'job'];

let mesh: RunningMesh;
let page: string;
let samples: readonly ScrapedSample[];
let rules: readonly AlertRule[];

async function read(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8');
}

async function scrape(): Promise<string> {
  const answer = await fetch(`http://${mesh.app.monitoringAddress}/metrics`);
  return answer.text();
}

function valueOf(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  return samples.find(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;
}

beforeAll(async () => {
  mesh = await RunningMesh.start();
  await mesh.request();
  await mesh.statusOf({ token: 'nonsense' });
  await mesh.statusOf({ certSigner: 'bar' });
  await eventually(() => mesh.requestObjects().length === 0);
  page = await scrape();
  samples = parseSamples(page);
  rules = await chartAlerts();
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('the page /metrics of the running authority', () => {
  it('counts what was issued and what was refused', () => {
    const signer = 'clusterissuers.cert-manager.io/foo';
    const issued = { signer, workload_namespace: 'foo', outcome: 'issued', reason: 'none' };
    expect(valueOf('istio_ra_requests_total', issued)).toBe(1);
    expect(valueOf('istio_ra_requests_total', { reason: 'token_invalid' })).toBe(1);
    expect(valueOf('citadel_server_csr_count')).toBe(3);
    expect(valueOf('grpc_server_handled_total', { grpc_code: 'Unauthenticated' })).toBe(1);
    const approval = { resource: 'certificatesigningrequests/approval', code: '200' };
    expect(valueOf('istio_ra_kubernetes_calls_total', approval)).toBe(1);
  });

  it('tells of the parts as they are', () => {
    expect(valueOf('istio_ra_requests_in_flight')).toBe(0);
    expect(valueOf('istio_ra_grpc_connections')).toBe(1);
    expect(valueOf('istio_ra_mesh_config_generation')).toBe(1);
    expect(valueOf('istio_ra_config_reload_success', { config: 'mesh' })).toBe(1);
    expect(valueOf('istio_ra_readiness', { check: 'audit' })).toBe(1);
    const watch = { resource: 'certificatesigningrequests' };
    expect(valueOf('istio_ra_watch_age_seconds', watch)).toBeLessThan(60);
    expect(valueOf('istio_ra_watch_events_total', watch)).toBeGreaterThan(0);
    const leftSeconds =
      (valueOf('istio_ra_serving_certificate_expiry_timestamp_seconds') ?? 0) - Date.now() / 1000;
    expect(leftSeconds).toBeGreaterThan(3_000);
    expect(leftSeconds).toBeLessThan(3_600);
  });

  it('is in the form that Prometheus asks for, on the monitoring port alone', async () => {
    const answer = await fetch(`http://${mesh.app.monitoringAddress}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const elsewhere = await fetch(`http://${mesh.app.httpAddress}/metrics`);
    expect(elsewhere.status).toBe(404);
  });

  it('has no metric that docs/metrics.md does not list', async () => {
    const documented = new Set((await read('docs/metrics.md')).match(/`[a-z][a-z_]+`/g));
    const scraped = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => `\`${name}\``);
    expect(scraped.filter((name) => !documented.has(name))).toEqual([]);
  });
});

/** What an expression names that the scrape does not have. */
function unknownNames(expression: string): readonly string[] {
  const { selectors, grouping } = namesIn(expression);
  const known = selectors.map(({ metric, labels }) => {
    const series = samples.filter(({ name }) => name === metric);
    const has = new Set([...targetLabels, ...series.flatMap((s) => Object.keys(s.labels))]);
    const missing = labels.filter((label) => !has.has(label));
    return { has, unknown: series.length === 0 ? [metric] : missing.map((l) => `${metric}.${l}`) };
  });
  const ungrouped = grouping.filter((label) => !known.some(({ has }) => has.has(label)));
  const nothing = selectors.length === 0 ? ['no metric at all'] : [];
  return [...nothing, ...known.flatMap(({ unknown }) => unknown), ...ungrouped];
}

describe('the alerts of the chart', () => {
  it('name only metrics and labels that there are', () => {
    expect(rules.length).toBeGreaterThan(10);
    const wrong = rules.map(({ alert, expr }) => [alert, unknownNames(expr)] as const);
    expect(wrong.filter(([, names]) => names.length > 0)).toEqual([]);
  });

  it('name only labels in their texts that their results have', () => {
    const wrong = rules.filter(({ expr, annotations }) => {
      const { grouping } = namesIn(expr);
      const told = JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g);
      return [...told].some(([, label = '']) => !grouping.includes(label));
    });
    expect(wrong.map(({ alert }) => alert)).toEqual([]);
  });

  it('have one entry each in the runbook, and the runbook has no others', async () => {
    const headings = [...(await read('docs/runbook.md')).matchAll(/^## (.+)$/gm)];
    expect(headings.map(([, name]) => name)).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations, labels } of rules) {
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      expect(['warning', 'critical']).toContain(labels.severity);
      expect(annotations.summary).not.toBe('');
    }
  });
});

describe('the dashboard of the chart', () => {
  it('shows only metrics and labels that there are', async () => {
    const targets = await dashboardExpressions();
    expect(targets.length).toBeGreaterThan(20);
    const wrong = targets.map(({ title, expr }) => [title, unknownNames(expr)] as const);
    expect(wrong.filter(([, names]) => names.length > 0)).toEqual([]);
  });
});

describe('the expressions of the runbook', () => {
  it('name only metrics and labels that there are', async () => {
    const text = await read('docs/runbook.md');
    const blocks = [...text.matchAll(/^ {4}(.+)$/gm)].map(([, line = '']) => line);
    const expressions = blocks.filter((line) => line.includes('istio_ra_'));
    expect(expressions.length).toBeGreaterThan(2);
    expect(expressions.flatMap(unknownNames)).toEqual([]);
  });
});
