import { createReadStream } from 'node:fs';

/** Ours are far shorter; of a longer one the beginning stands for the whole, and reads as damaged. */
const maxLineLength = 1_048_576;

/** The lines of the files, one after the other, without their newlines; never more than 1 MiB each. */
export async function* linesOf(paths: readonly string[]): AsyncGenerator<string, void, undefined> {
  for (const path of paths) yield* linesOfFile(path);
}

async function* linesOfFile(path: string): AsyncGenerator<string, void, undefined> {
  let rest = '';
  // The setting makes each chunk a string.
  const chunks: AsyncIterable<string> = createReadStream(path, {
    encoding: 'utf8',
    highWaterMark: 262_144,
  });
  for await (const chunk of chunks) {
    const pieces = chunk.split('\n');
    pieces[0] = rest + (pieces[0] ?? '');
    rest = (pieces.pop() ?? '').slice(0, maxLineLength);
    yield* pieces;
  }
  if (rest !== '') yield rest;
}
