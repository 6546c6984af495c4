import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

const files = join(import.meta.dirname, '../../charts/istio-ra/files');

/** An alert as the chart has it. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

/** One line of a panel. */
export interface PanelExpression {
  readonly title: string;
  readonly expr: string;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Every alert of the chart. */
export async function chartAlerts(): Promise<readonly AlertRule[]> {
  return parse(await readFile(join(files, 'alerts.yaml'), 'utf8')) as readonly AlertRule[];
}

/** Every expression of the chart's dashboard, with Grafana's own variables in it. */
export async function dashboardExpressions(): Promise<readonly PanelExpression[]> {
  const text = await readFile(join(files, 'dashboard.json'), 'utf8');
  const { panels } = JSON.parse(text) as { readonly panels: readonly Panel[] };
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
}
