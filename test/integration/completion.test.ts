import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { wordsOfCommands } from '../../src/cli/completion/command-words.ts';
import { makeProgram } from '../../src/cli/program.ts';
import { ranCommand } from '../support/ran-command.ts';

const sink = { write: () => true };
const environment = { arguments: [], env: {}, root: '', out: sink, err: sink };
const commands = wordsOfCommands(
  makeProgram({ environment, version: '1', exitWith: () => undefined }),
);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'istio-ra-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out } = await ranCommand(['completion', shell]);
    await writeFile(join(folder, `script.${shell}`), out);
  }
  await mkdir(join(folder, 'two words'));
  await writeFile(join(folder, 'audit.jsonl'), '');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function isThere(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

/** What a real bash offers after these words, of which the last one is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const script = [
    'source ./script.bash',
    'COMP_WORDS=(istio-ra "$@")',
    'COMP_CWORD=$#',
    '_istio_ra',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const out = execFileSync('bash', ['-c', script, 'bash', ...words], { cwd: folder });
  return out.toString().split('\n').filter(Boolean);
}

const whereBashIs = isThere('bash') ? describe : describe.skip;

whereBashIs('completion in a real bash', () => {
  it.each(commands.map((command) => [command.path.join(' ') || 'istio-ra', command] as const))(
    'knows every option of %s',
    (_name, { path, options }) => {
      expect(offered(...path, '-')).toEqual(options.flatMap(({ flags }) => flags));
    },
  );

  it.each([
    ['the commands', [''], commands[0]?.children.map(({ name }) => name) ?? []],
    ['a command that was begun', ['re'], ['request']],
    ['a command below another', ['audit', ''], ['verify']],
    ['the choices of an option', ['request', '--key', 'ec'], ['ecdsa-p256', 'ecdsa-p384']],
    ['choices after the short form', ['check', '-o', ''], ['text', 'json']],
    ['choices after "="', ['audit', 'verify', 'x', '--output', '=', 'j'], ['json']],
    ['choices right after "="', ['explain', '--output', '='], ['text', 'json']],
    ['the choices of an argument', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['files for an option', ['request', '--root', 'au'], ['audit.jsonl']],
    ['files for an argument', ['audit', 'verify', 'au'], ['audit.jsonl']],
    ['folders with blanks in their names', ['request', '--out-dir', 'two'], ['two words']],
    ['nothing where nobody can know', ['request', '--signer', ''], []],
  ])('offers %s', (_what, words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });

  it('keeps to itself what --help does', () => {
    const { options } = commands.find(({ path }) => path[0] === 'serve') ?? { options: [] };
    expect(options.flatMap(({ flags }) => flags)).not.toContain('--configDir');
  });
});

describe('istio-ra completion', () => {
  it('says which shells there are, to somebody with another', async () => {
    const { status, err } = await ranCommand(['completion', 'tcsh']);
    expect([status, err]).toEqual([2, expect.stringContaining('bash, zsh, fish')]);
  });

  it.each(['bash', 'zsh', 'fish'])('explains how to enable it in %s', async (shell) => {
    const { out } = await ranCommand(['completion', '--help']);
    expect(out).toContain(`istio-ra completion ${shell}`);
  });
});

for (const shell of ['bash', 'zsh', 'fish']) {
  const whereItIs = isThere(shell) ? describe : describe.skip;

  whereItIs(`the script for ${shell}`, () => {
    it('is one that the shell can read', () => {
      const { status, stderr } = spawnSync(shell, ['-n', join(folder, `script.${shell}`)]);
      expect([status, stderr.toString()]).toEqual([0, '']);
    });
  });
}
