import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import type { Manifest } from '../stack/kubectl.ts';
import { mustRun } from '../stack/run-command.ts';

const chart = join(import.meta.dirname, '..', '..', '..', 'charts', 'istio-ra');

export interface RenderOptions {
  /** The program. */
  readonly helm: string;
  /** Where helm may keep what it keeps; nothing of the user's own is read. */
  readonly home: string;
  readonly release: string;
  readonly namespace: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What `helm install` would create; throws with helm's own words. */
export async function renderChart(options: RenderOptions): Promise<readonly Manifest[]> {
  const { helm, home, release, namespace, values } = options;
  const args = ['template', release, chart, '--namespace', namespace, '--values', '-'];
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: '/dev/null' };
  const text = await mustRun(helm, args, { env, input: stringify(values) });
  return [...parseAllDocuments(text)].flatMap((document) => {
    const object = document.toJS() as Manifest | null;
    return object === null ? [] : [object];
  });
}
