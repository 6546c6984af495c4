// Stands in for `helm` and `istioctl` on the path of a document's commands: applies the overlay, which is all
// that differs from the documents, and becomes the real program. Usage: with-overlay.ts <overlay> <program> …
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Overlay } from './overlay.ts';

const [overlayFile = '', program = '', ...args] = process.argv.slice(2);
const overlay = JSON.parse(readFileSync(overlayFile, 'utf8')) as Overlay;

const changed = basename(program) === 'istioctl' ? forIstioctl(args) : forHelm(args);
const { status, error } = spawnSync(program, changed.args, {
  stdio: [changed.input === undefined ? 'inherit' : 'pipe', 'inherit', 'inherit'],
  ...(changed.input === undefined ? {} : { input: changed.input }),
});
if (error !== undefined) throw error;
process.exitCode = status ?? 1;

interface Changed {
  readonly args: readonly string[];
  readonly input?: string;
}

/** The overlay's file comes first, so that the document's own wins where both name a field. */
function forIstioctl(words: readonly string[]): Changed {
  if (words.includes('create-remote-secret') && overlay.remoteServer !== undefined) {
    return { args: [...words, '--server', overlay.remoteServer] };
  }
  const at = words.findIndex((word) => word === '-f' || word === '--filename');
  if (at === -1 || !(words.includes('install') || words.includes('manifest')))
    return { args: words };
  const file = `${overlayFile}.operator.yaml`;
  const kind = { apiVersion: 'install.istio.io/v1alpha1', kind: 'IstioOperator' };
  writeFileSync(file, JSON.stringify({ ...kind, spec: overlay.operator }));
  return { args: words.toSpliced(at, 0, '-f', file) };
}

/** The values of the overlay come first, so that the document's own win where both name one. */
function forHelm(words: readonly string[]): Changed {
  const chart = words.find((word) => word in overlay.charts || word in overlay.values);
  if (chart === undefined) return { args: words };
  const placed = words.map((word) => (word === chart ? (overlay.charts[chart] ?? word) : word));
  const values = overlay.values[chart];
  if (values === undefined) return { args: placed };
  const at = placed.findIndex((word) => word === '--values' || word === '-f');
  const added = ['--values', '-'];
  const where = at === -1 ? placed.length : at;
  return { args: placed.toSpliced(where, 0, ...added), input: JSON.stringify(values) };
}
