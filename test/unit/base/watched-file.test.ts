import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WatchedFile } from '../../../src/base/watched-file.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const reloadMs = 2_000;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'watched-file-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** A file whose texts can be used once they are among `usable`, as a policy's are with its mesh. */
async function aFile(usable: Set<string>) {
  const file = path.join(directory, 'file');
  await writeFile(file, 'one');
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const parse = (text: string): string => {
    if (!usable.has(text)) throw new Error(`${text} cannot be used`);
    return text;
  };
  const watched = await WatchedFile.open({ path: file, what: 'file', parse, clock, log });
  /** Reading the file is not of the fake clock: the next timer is set when it is over. */
  const reload = async (): Promise<void> => {
    await clock.advance(reloadMs);
    while (clock.pendingTimers === 0) await pause(1);
  };
  const errors = (): number => log.lines.filter(({ level }) => level === 'error').length;
  return { watched, reload, errors, write: (text: string) => writeFile(file, text) };
}

describe('WatchedFile', () => {
  it('knows when its value came, and whether a newer text waits that cannot be used', async () => {
    const usable = new Set(['one']);
    const { watched, reload, write } = await aFile(usable);
    const { loadedAt } = watched.state;
    await write('two');
    await reload();
    expect(watched.state).toEqual({ loadedAt, upToDate: false });
    usable.add('two');
    await reload();
    expect(watched.state).toEqual({ loadedAt: loadedAt + 2 * reloadMs, upToDate: true });
  });

  it('takes a text that becomes usable without a change of the file', async () => {
    const usable = new Set(['one']);
    const { watched, reload, write } = await aFile(usable);
    await write('two');
    await reload();
    expect(watched.current()).toBe('one');

    usable.add('two');
    await reload();

    expect(watched.current()).toBe('two');
    await watched.stop();
  });

  it('reports one problem once', async () => {
    const { watched, reload, write, errors } = await aFile(new Set(['one']));
    await write('two');
    await reload();
    await reload();
    expect(errors()).toBe(1);
    await write('three');
    await reload();
    expect(errors()).toBe(2);
    await watched.stop();
  });

  it('reports a problem again that came back', async () => {
    const { watched, reload, write, errors } = await aFile(new Set(['one']));
    for (const text of ['two', 'one', 'two']) {
      await write(text);
      await reload();
    }
    expect(errors()).toBe(2);
    await watched.stop();
  });
});
