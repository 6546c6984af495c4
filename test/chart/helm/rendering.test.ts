import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { helm, chart, render, renderedText, twoTenants } from '../support/chart.ts';
import type { RenderOptions, Values } from '../support/chart.ts';
import { everything } from '../support/everything.ts';

const golden = join(import.meta.dirname, '../golden');

const cases: readonly (readonly [string, Values, RenderOptions])[] = [
  ['beside', twoTenants, {}],
  ['front', { ...twoTenants, mode: 'front', app: { ...twoTenants.app, revision: 'upstream' } }, {}],
  ['alone', { ...twoTenants, mode: 'alone' }, {}],
  ['ha', twoTenants, { overlays: ['values-ha.yaml'] }],
];

describe('the chart', () => {
  it.each(cases)('renders %s as it is stored', async (name, values, options) => {
    const text = await renderedText(values, options);
    const file = join(golden, `${name}.golden`);
    // UPDATE_GOLDEN=1 make chart-test writes what is now right; look at the difference.
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it.each([
    ['its defaults', {}],
    ['two tenants', twoTenants],
    ['everything', everything],
  ])('passes lint with %s', async (_what, values) => {
    const { code, stdout } = await helm(['lint', '--strict', chart, '--values', '-'], values);
    expect(stdout).toContain('0 chart(s) failed');
    expect(code).toBe(0);
  });

  it('renders each object once, in a namespace or in none', async () => {
    const objects = await render(everything);
    const names = objects.map(
      ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
    );
    expect(names).toEqual([...new Set(names)]);
    expect(objects.every(({ apiVersion }) => apiVersion !== '')).toBe(true);
  });

  it('puts the standard labels on everything', async () => {
    for (const { metadata } of await render({ ...everything, commonLabels: { team: 'mesh' } })) {
      expect(metadata).toMatchObject({
        labels: {
          'app.kubernetes.io/name': 'istio-ra',
          'app.kubernetes.io/instance': 'istio-ra',
          team: 'mesh',
        },
      });
    }
  });

  it('takes further objects, with templates in them', async () => {
    const extraObjects = [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: '{{ .Release.Name }}-more' } },
      'apiVersion: v1\nkind: Secret\nmetadata: { name: "{{ .Values.mode }}" }',
    ];
    const names = (await render({ extraObjects })).map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(['istio-ra-more', 'beside']));
  });
});
