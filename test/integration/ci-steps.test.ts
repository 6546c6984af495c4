import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/running-mesh.ts';

const stepScript = join(import.meta.dirname, '..', '..', '.ci', 'step.sh');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'istio-ra-ci-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

interface Run {
  readonly pid: number;
  readonly ended: Promise<Ended>;
}

/** Starts a CI run of these steps, which has so many seconds. */
function start(seconds: number, ...steps: readonly string[]): Run {
  const script = ['set -u', `. '${stepScript}'`, ...steps, 'finish'].join('\n');
  const env = { ...process.env, LIMIT_SECONDS: String(seconds), GRACE_SECONDS: '5' };
  const bash = spawn('bash', ['-c', script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const status = new Promise<number | null>((resolve) => bash.once('close', resolve));
  const output = text(bash.stdout);
  const ended = Promise.all([status, output]).then(([code, all]) => ({
    status: code,
    output: all,
  }));
  return { pid: bash.pid ?? 0, ended };
}

/** A step that notes the process that it left in the background, and goes on for a minute. */
function longStep(name: string): string {
  return `step ${name} bash -c 'sleep 60 & echo $! >${join(folder, name)}; sleep 60'`;
}

function pidOf(name: string): number {
  try {
    return Number(readFileSync(join(folder, name), 'utf8'));
  } catch {
    return 0;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('A CI run', () => {
  it('ends with a table of minutes and the counts, and status 0 where all passed', async () => {
    const { status, output } = await start(60, 'step one true', 'step two echo hello').ended;
    expect(output).toMatch(/=== two\nhello\n=== two: passed after \d+ s\n/);
    expect(output).toMatch(
      /step +minutes\none +0\.\d {2}passed\ntwo +0\.\d {2}passed\nthe whole +0\.\d {2}of at most 1\.0\n\n2 passed, 0 failed\n$/,
    );
    expect(status).toBe(0);
  });

  it('goes on after a step that failed, and fails', async () => {
    const { status, output } = await start(60, "step one sh -c 'exit 3'", 'step two true').ended;
    expect(output).toMatch(/one +0\.\d {2}FAILED with status 3\ntwo +0\.\d {2}passed\n/);
    expect(output.endsWith('\n1 passed, 1 failed\n')).toBe(true);
    expect(status).toBe(1);
  });

  it('ends the step that runs when the time is over, with all of its processes, and begins no other', async () => {
    const { status, output } = await start(4, longStep('late'), 'step two true').ended;
    expect(output).toMatch(/late +0\.1 {2}FAILED: ended, there was no time left\n/);
    expect(output).toMatch(/two +0\.0 {2}not run, there was no time left\n/);
    expect(output.endsWith('\n0 passed, 2 failed\n')).toBe(true);
    expect(status).toBe(1);
    expect(pidOf('late')).toBeGreaterThan(0);
    await eventually(() => !isRunning(pidOf('late')));
  });

  it('takes its step along when it is ended itself', async () => {
    const { pid, ended } = start(60, longStep('left'));
    await eventually(() => pidOf('left') > 0);
    process.kill(pid, 'SIGTERM');
    await expect(ended).resolves.toMatchObject({ status: 143 });
    await eventually(() => !isRunning(pidOf('left')));
  });
});
