import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Step } from '../../e2e/runner/suite.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import { runCommand } from '../../e2e/stack/run-command.ts';
import { readRecord } from '../node/cluster-node.ts';

const runner = join(import.meta.dirname, '..', 'runner');

/** What is promised of the node apart from any mesh: its end leaves nothing, however its start ended. */
export function nodeSteps(): readonly Step[] {
  return [
    {
      name: 'a node whose start was killed in the middle leaves nothing after `make cluster-down`',
      run: async (show) => {
        const folder = mkdtempSync(join(tmpdir(), 'istio-ra-node-'));
        const env = { ...process.env, CLUSTER_FOLDER: join(folder, 'cluster') };
        const up = spawn(process.execPath, ['--no-warnings', join(runner, 'up.ts')], {
          env,
          stdio: 'ignore',
        });
        const ended = once(up, 'close');
        try {
          const record = await awaitUntil(() => Promise.resolve(readRecord(env.CLUSTER_FOLDER)), {
            what: 'the node has namespaces',
            timeoutMs: 60_000,
          });
          up.kill('SIGKILL');
          await ended;
          const down = await runCommand(
            process.execPath,
            ['--no-warnings', join(runner, 'down.ts')],
            { env },
          );
          assert.equal(down.code, 0, `${down.stdout}${down.stderr}`);
          assert.throws(() => process.kill(record.pid, 0), /ESRCH/);
          show(down.stdout.trim().replaceAll('\n', '; '));
        } finally {
          up.kill('SIGKILL');
          rmSync(folder, { recursive: true, force: true });
        }
      },
    },
  ];
}
