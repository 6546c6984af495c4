import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { runCommand } from '../../e2e/stack/run-command.ts';
import { chart, render, repository } from '../support/chart.ts';
import { everything } from '../support/everything.ts';
import { rulesIn } from '../support/rights.ts';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Paths of all values that a schema, or a file of values, knows. */
function pathsIn(node: unknown, children: (node: unknown) => unknown, path = ''): string[] {
  const inner = children(node);
  if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return [path];
  const entries = Object.entries(inner);
  if (entries.length === 0) return [path];
  return entries.flatMap(([key, value]) => pathsIn(value, children, `${path}.${key}`));
}

describe('the chart’s documents', () => {
  it.each(['chart-readme.js', 'chart-schema.js'])('are what %s makes', async (script) => {
    const words = [join(repository, 'scripts', script), '--check'];
    await expect(runCommand(process.execPath, words)).resolves.toMatchObject({ code: 0 });
  });

  it('give the schema and the values the same keys', () => {
    const schema = JSON.parse(read('charts/istio-ra/values.schema.json')) as Schema;
    const known = pathsIn(schema, (node) => (node as Schema).properties ?? null);
    const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as unknown;
    const given = pathsIn(values, (node) => node);
    const isUnder = (path: string, above: string): boolean =>
      path === above || path.startsWith(`${above}.`);
    expect(given.filter((path) => !known.some((above) => isUnder(path, above)))).toEqual([]);
    // Helm itself adds `global`.
    const unset = known.filter((path) => !given.some((below) => isUnder(below, path)));
    expect(unset).toEqual(['.global']);
  });

  it('carry the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(parse(read('charts/istio-ra/Chart.yaml'))).toMatchObject({
      version,
      appVersion: version,
    });
  });

  it('list every right, and none that is not given', async () => {
    const listed = [...read('docs/rbac.md').matchAll(/^\| `([^`]+)` +\| ([a-z, ]+?) +\|/gm)].map(
      ([, resource = '', verbs = '']) => `${resource} ${verbs.replaceAll(' ', '')}`,
    );
    const given = rulesIn(await render(everything)).map(
      ({ apiGroups, resources, verbs }) =>
        `${[...apiGroups.filter((group) => group !== ''), ...resources].join('/')} ${verbs.join(',')}`,
    );
    expect([...new Set(listed)].sort()).toEqual([...new Set(given)].sort());
  });
});
