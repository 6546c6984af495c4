import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';

const up = join(import.meta.dirname, '..', '..', 'cluster', 'runner', 'up.ts');
const isRoot = process.getuid?.() === 0;

async function start(options: {
  readonly uid?: number;
  readonly path: string;
}): Promise<{ readonly status: unknown; readonly said: string }> {
  const { uid, path } = options;
  const program = spawn(process.execPath, ['--no-warnings', up], {
    env: { PATH: path },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const [said, [status]] = await Promise.all([
    text(program.stderr),
    once(program, 'close') as Promise<unknown[]>,
  ]);
  return { status, said };
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('`make cluster` on a machine that cannot bring up a node', () => {
  it('says in one line that it needs root', async () => {
    const { status, said } = await start({
      path: '/usr/bin:/bin',
      ...(isRoot ? { uid: 65534 } : {}),
    });
    expect(said).toBe('the node needs root, to make namespaces and mounts: run it by sudo\n');
    expect(status).toBe(1);
  });
});
