import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { runCommand } from '../../e2e/stack/run-command.ts';
import type { CommandResult } from '../../e2e/stack/run-command.ts';

export const repository = join(import.meta.dirname, '../../..');
export const chart = join(repository, 'charts/istio-ra');

/** Values of the chart, as a user writes them. */
export type Values = Readonly<Record<string, unknown>>;

/** One rendered object. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  /** Files of the chart's folder with values that lie under the given ones. */
  readonly overlays?: readonly string[];
}

/** Two tenants, and a certificate of our own by a signer. */
export const twoTenants = {
  app: {
    signers: ['istio-system', 'foo', 'bar'],
    defaultSigner: 'istio-system',
    servingCertificate: { signer: 'istio-system' },
  },
};

/** Runs the pinned helm without a cluster and without anything of the user's own. */
export async function helm(words: readonly string[], values: Values = {}): Promise<CommandResult> {
  const program = process.env['CHART_HELM'];
  if (program === undefined) throw new Error('the set-up has found no helm');
  const home = join(tmpdir(), 'istio-ra-helm');
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: '/dev/null' };
  return runCommand(program, words, { env, input: stringify(values) });
}

function asInstalled({ overlays = [] }: RenderOptions): readonly string[] {
  const files = overlays.flatMap((file) => ['--values', join(chart, file)]);
  return ['istio-ra', chart, '--namespace', 'istio-system', ...files, '--values', '-'];
}

/** What helm would apply, as text. Throws with helm's own words. */
export async function renderedText(values: Values, options: RenderOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await helm(['template', ...asInstalled(options)], values);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** What helm would apply. Throws with helm's own words, or where something is not YAML. */
export async function render(values: Values, options: RenderOptions = {}): Promise<Rendered[]> {
  return objectsIn(await renderedText(values, options));
}

function objectsIn(text: string): Rendered[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as Rendered;
  });
}

/** Why helm refuses the values; undefined where it does not. */
export async function refusalOf(values: Values): Promise<string | undefined> {
  const { code, stderr } = await helm(['template', ...asInstalled({})], values);
  return code === 0 ? undefined : stderr;
}

/** What a user is told after the installation, which helm itself only shows where there is a cluster. */
export async function notesFor(values: Values): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'istio-ra-chart-'));
  try {
    // A copy of the chart in which the notes are a file that a template can read.
    const copy = join(folder, 'istio-ra');
    cpSync(chart, copy, { recursive: true });
    renameSync(join(copy, 'templates/NOTES.txt'), join(copy, 'notes.txt'));
    const text = '{{ tpl (.Files.Get "notes.txt") . | toJson }}';
    const notes = `{ apiVersion: v1, kind: Notes, metadata: { name: notes }, text: ${text} }`;
    const words = ['template', 'istio-ra', copy, '--namespace', 'istio-system', '--values', '-'];
    const { code, stdout, stderr } = await helm(words, { ...values, extraObjects: [notes] });
    if (code !== 0) throw new Error(stderr);
    return String(only(objectsIn(stdout), 'Notes')['text']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The one object of a kind, and of a name where that is given. Throws for none and for several. */
export function only(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} of ${kind}`);
  return first;
}

/** The kinds that were rendered. */
export function kinds(objects: readonly Rendered[]): readonly string[] {
  return objects.map(({ kind }) => kind);
}
