// Writes the tables of charts/istio-ra/README.md from the comments in values.yaml, so that what a value
// means stands in one place. With --check it only says whether they are up to date, by its status.
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';

const chart = new URL('../charts/istio-ra/', import.meta.url);
const readme = new URL('README.md', chart);
const marks = ['<!-- values: made by make chart-docs -->', '<!-- end of values -->'];

/** The sections of values.yaml, each with a row for every documented key. Throws for one without a comment. */
function sectionsOf(text) {
  const values = parse(text);
  const sections = [];
  let path = [];
  let comment = [];
  let documented = [];
  for (const line of text.split('\n')) {
    const [, heading] = /^ *##@ (.+)$/.exec(line) ?? [];
    const [, told] = /^ *# ?(.*)$/.exec(line) ?? [];
    const [, indent, key] = /^( *)([A-Za-z][\w./-]*):/.exec(line) ?? [];
    if (heading !== undefined) {
      sections.push({ heading, rows: [] });
    } else if (told !== undefined) {
      comment.push(told);
      continue;
    } else if (key !== undefined) {
      path = [...path.slice(0, indent.length / 2), key];
      const isInside = documented.length > 0 && documented.every((part, at) => path[at] === part);
      if (!isInside) {
        documented = comment.length > 0 ? path : [];
        const value = path.reduce((at, part) => at[part], values);
        if (comment.length > 0) {
          sections.at(-1).rows.push({ name: path.join('.'), told: comment.join(' '), value });
        } else if (value === null || typeof value !== 'object' || Array.isArray(value)) {
          throw new Error(`values.yaml: ${path.join('.')} has no comment`);
        }
      }
    }
    comment = [];
  }
  return sections;
}

const cell = (text) => text.replaceAll('|', '\\|');

function tableOf({ heading, rows }) {
  const lines = rows.map(
    ({ name, told, value }) =>
      `| \`${name}\` | \`${cell(JSON.stringify(value))}\` | ${cell(told)} |`,
  );
  return [`### ${heading}`, '', '| value | default | meaning |', '| - | - | - |', ...lines].join(
    '\n',
  );
}

const before = await readFile(readme, 'utf8');
const [head, tail] = [before.indexOf(marks[0]), before.indexOf(marks[1])];
if (head < 0 || tail < head) throw new Error(`README.md lacks the line ${marks[0]} or ${marks[1]}`);
const sections = sectionsOf(await readFile(new URL('values.yaml', chart), 'utf8'));
const tables = sections.map(tableOf).join('\n\n');
const text = `${before.slice(0, head)}${marks[0]}\n\n${tables}\n\n${before.slice(tail)}`;
const options = await resolveConfig(readme);
const after = await format(text, { ...options, parser: 'markdown' });
if (!process.argv.includes('--check')) await writeFile(readme, after);
else if (after !== before) {
  console.error('charts/istio-ra/README.md is not what values.yaml says: run make chart-docs');
  process.exit(1);
}
