import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { SinkEnd } from './audit-sink.ts';
import { sha256 } from './audit-text.ts';
import { readLine } from './hash-chain.ts';
import type { ChainHead } from './hash-chain.ts';

/** How far back the last line is looked for; our lines are far shorter. */
const windowBytes = 1_048_576;
const newline = 0x0a;

export interface FileEnd extends SinkEnd {
  /** Whether the file's last byte is something else than a newline. */
  readonly needsNewline: boolean;
}

/** Reads what a file ends in. Throws what reading throws, ENOENT included. */
export async function readFileEnd(path: string): Promise<FileEnd> {
  const handle = await open(path, 'r');
  try {
    return endOf(await readWindow(handle));
  } finally {
    await handle.close();
  }
}

async function readWindow(handle: FileHandle): Promise<Buffer> {
  const { size } = await handle.stat();
  const window = Buffer.alloc(Math.min(size, windowBytes));
  let filled = 0;
  while (filled < window.length) {
    const { bytesRead } = await handle.read(window, {
      offset: filled,
      position: size - window.length + filled,
    });
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return window.subarray(0, filled);
}

function endOf(window: Buffer): FileEnd {
  const end = window.lastIndexOf(newline) + 1;
  const fragment = window.subarray(end);
  const head = lastLine(window.subarray(0, end));
  if (fragment.length === 0) return { head, torn: undefined, needsNewline: false };
  // Only the newline was lost: the line is as good as any.
  const whole = headOf(fragment);
  if (whole !== undefined) return { head: whole, torn: undefined, needsNewline: true };
  const torn = { bytes: fragment.length, sha256: sha256(fragment) };
  return { head, torn, needsNewline: true };
}

/** The last line that is ours; what stands behind it is damage, which verification will show. */
function lastLine(lines: Buffer): ChainHead | undefined {
  let end = lines.length - 1;
  while (end > 0) {
    const start = lines.lastIndexOf(newline, end - 1) + 1;
    const head = headOf(lines.subarray(start, end));
    if (head !== undefined) return head;
    end = start - 1;
  }
  return undefined;
}

function headOf(line: Buffer): ChainHead | undefined {
  const read = readLine(line.toString('utf8'));
  if (read.kind !== 'line') return undefined;
  return { chain: read.link.chain, seq: read.link.seq, hash: sha256(line) };
}
