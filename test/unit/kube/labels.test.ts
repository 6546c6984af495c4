import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  managedByLabel,
  managedByValue,
  managedSelector,
  tenantLabel,
} from '../../../src/kube/labels.ts';

const root = join(import.meta.dirname, '../../..');

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const literals = /'istio-ra\/[a-z-]+'|'app\.kubernetes\.io\/managed-by/;

describe('labels and annotations', () => {
  it('are written out in one source file', () => {
    // The sandbox stands for other people's software, which knows nothing of our constants.
    const sources = globSync('src/**/*.ts', { cwd: root, exclude: ['src/sandbox/**'] });

    expect(sources.length).toBeGreaterThan(300);
    expect(sources.filter((path) => literals.test(read(path)))).toEqual(['src/kube/labels.ts']);
  });

  it('are those that the admission policy of the chart asks for', () => {
    const policy = read('charts/istio-ra/templates/admissionpolicy.yaml');

    expect(policy).toContain(
      `'${managedByLabel}' in object.metadata.labels && object.metadata.labels['${managedByLabel}'] == '${managedByValue}'`,
    );
    expect(policy).toContain(`labels each of its requests with ${managedSelector}\n`);
  });

  it('have the prefix of the labels that the chart makes up', () => {
    const [prefix = ''] = tenantLabel.split('/');
    const templates = globSync('charts/istio-ra/templates/*.tpl', { cwd: root }).map(read).join('');
    const made = [...templates.matchAll(/define "istio-ra\.\w+Label" -\}\}([^/{]+)\//g)];

    expect(made.map(([, used]) => used)).toEqual([prefix]);
  });

  it.each(['docs/runbook.md', 'docs/walkthrough.md'])('are those that %s selects by', (path) => {
    expect(read(path)).toContain(managedSelector);
  });
});
