import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
} from 'node:fs/promises';
import { rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSink } from '../../../src/audit/file-sink.ts';
import { filesOfTrail } from '../../../src/audit/rotated-files.ts';
import { linesOf } from '../../../src/audit/trail-lines.ts';
import { verifyAudit } from '../../../src/audit/verify-audit.ts';
import type { AuditReport } from '../../../src/audit/verify-audit.ts';
import { aDecision, anAudit, never } from './support/audits.ts';

let directory = '';
let path = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'istio-ra-audit-'));
  path = join(directory, 'audit.log');
});
afterEach(() => rm(directory, { recursive: true }));

function aSink(options: { readonly maxBytes?: number; readonly maxFiles?: number } = {}): FileSink {
  return new FileSink({ path, maxBytes: 1_000_000, maxFiles: 20, fsync: true, ...options });
}

let requests = 0;

/** One process's life: some requests from start to end, by default with an orderly stop. */
async function run(count: number, sink = aSink(), end: 'stop' | 'crash' = 'stop'): Promise<void> {
  const { audit } = await anAudit({ sink });
  for (let n = 0; n < count; n += 1) {
    requests += 1;
    const decision = aDecision(`request-${requests}`);
    await audit.intent(decision, never);
    await audit.issued(decision);
  }
  if (end === 'stop') await audit.stop();
  else await sink.close();
}

async function report(): Promise<AuditReport> {
  return verifyAudit(linesOf(await filesOfTrail(path)));
}

describe('FileSink', () => {
  it('keeps its file to its owner, also one that was there', async () => {
    await writeFile(path, '', { mode: 0o644 });
    await run(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('goes on with the chain after a restart', async () => {
    await run(2);
    await run(2);
    await expect(report()).resolves.toMatchObject({
      ...{ intact: true, complete: true, lines: 12 },
      chains: [{ firstSeq: 1, lastSeq: 12, closed: true }],
    });
  });

  it('keeps what a crash left of a line, and goes on after it', async () => {
    await run(2, aSink(), 'crash');
    await truncate(path, (await stat(path)).size - 100);
    await run(1);
    const found = await report();
    expect(found).toMatchObject({ intact: true, chains: [{ lastSeq: 8 }] });
    expect(found.counts).toEqual({ torn: 1, intent_without_decision: 1 });
  });

  it('takes a line that only lacks its newline for whole', async () => {
    await run(2, aSink(), 'crash');
    await truncate(path, (await stat(path)).size - 1);
    await run(1);
    await expect(report()).resolves.toMatchObject({ intact: true, complete: true, counts: {} });
  });

  it('goes on after the last good line when damage follows it', async () => {
    await run(2);
    await appendFile(path, 'damage\n\0\0\0\0');
    await run(1);
    const found = await report();
    expect(found.counts).toEqual({ unreadable: 1, torn: 1 });
    expect(found.chains).toHaveLength(1);
  });

  it('begins a chain of its own in a file that holds none', async () => {
    await writeFile(path, 'something else\n');
    await run(1);
    await expect(report()).resolves.toMatchObject({ chains: [{ firstSeq: 1 }] });
  });

  it('rotates by size and goes on with the chain', async () => {
    await run(20, aSink({ maxBytes: 4000 }));
    const files = await filesOfTrail(path);
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) {
      const { size, mode } = await stat(file);
      expect([size <= 4000, mode & 0o777]).toEqual([true, 0o600]);
    }
    await expect(report()).resolves.toMatchObject({ intact: true, complete: true, lines: 42 });
  });

  it('keeps as many rotated files as it is told', async () => {
    await run(40, aSink({ maxBytes: 4000, maxFiles: 3 }));
    await expect(filesOfTrail(path)).resolves.toEqual([
      `${path}.3`,
      `${path}.2`,
      `${path}.1`,
      path,
    ]);
    const found = await report();
    expect(found.intact).toBe(true);
    expect(found.chains[0]?.firstSeq).toBeGreaterThan(1);
  });

  it('goes on with the chain after a crash between a rotation and the next line', async () => {
    await run(2);
    await rename(path, `${path}.1`);
    await run(1);
    await expect(report()).resolves.toMatchObject({ intact: true, chains: [{ lastSeq: 10 }] });
  });

  it('takes up a rotation again that failed half-way, and loses no file', async () => {
    const sink = aSink({ maxBytes: 4000, maxFiles: 3 });
    await sink.open();
    await sink.write(Buffer.from('a\n'));
    // The name that the file must move to is taken by a directory.
    await mkdir(`${path}.3`);
    await writeFile(`${path}.2`, 'older\n');
    await writeFile(`${path}.1`, 'old\n');
    await expect(sink.makeRoom(4000)).rejects.toThrow();
    await rm(`${path}.3`, { recursive: true });
    await sink.makeRoom(4000);
    await sink.write(Buffer.from('b\n'));
    await sink.close();
    const texts = await Promise.all(
      (await filesOfTrail(path)).map((file) => readFile(file, 'utf8')),
    );
    expect(texts).toEqual(['older\n', 'old\n', 'a\n', 'b\n']);
  });

  it('does not follow a link, nor write to what is no file', async () => {
    await symlink(join(directory, 'elsewhere'), path);
    await expect(aSink().open()).rejects.toThrow('ELOOP');
    const device = new FileSink({ path: '/dev/null', maxBytes: 1, maxFiles: 1, fsync: false });
    await expect(device.open()).rejects.toThrow('not a regular file');
  });
});

describe('linesOf', () => {
  it('gives lines that are longer than what is read at once', async () => {
    const long = 'x'.repeat(600_000);
    await writeFile(path, `a\n${long}\nb`);
    const lines = await Array.fromAsync(linesOf([path]));
    expect(lines).toEqual(['a', long, 'b']);
  });

  it('does not keep more than a mebibyte of a line', async () => {
    await writeFile(path, 'x'.repeat(3_000_000));
    const [line] = await Array.fromAsync(linesOf([path]));
    expect(line).toHaveLength(1_048_576);
  });
});
