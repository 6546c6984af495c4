// Which source an image is made of.
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';

export interface SourceState {
  /** Of package.json. */
  readonly version: string;
  /** The commit, with `-dirty` where files differ from it; `unknown` outside of git. */
  readonly revision: string;
  /** When the commit was made, in seconds since 1970; SOURCE_DATE_EPOCH wins. */
  readonly created: number;
}

export async function readSourceState(root: string): Promise<SourceState> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const commit = await commitOf(root);
  const created = parseEpoch(process.env['SOURCE_DATE_EPOCH']) ?? commit?.time ?? 0;
  return { version, revision: commit?.revision ?? 'unknown', created };
}

/** A folder within somebody else's repository has no commit of its own. */
async function commitOf(root: string): Promise<{ revision: string; time: number } | undefined> {
  const git = async (...words: readonly string[]): Promise<string> =>
    (await runProgram('git', ['-C', root, ...words])).toString().trim();
  try {
    if ((await git('rev-parse', '--show-toplevel')) !== (await realpath(root))) return undefined;
    const [hash = '', time = ''] = (await git('log', '-1', '--format=%H %ct')).split(' ');
    const isDirty = (await git('status', '--porcelain')) !== '';
    return { revision: isDirty ? `${hash}-dirty` : hash, time: Number(time) };
  } catch {
    return undefined;
  }
}

/** Throws where the variable is set to anything but a count of seconds. */
function parseEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new Error(`SOURCE_DATE_EPOCH is a number of seconds since 1970; found ${text}`);
}
