import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

interface RecordedProcess {
  readonly pid: number;
  readonly name: string;
  /** When the process began, so that a number given out again is not taken for ours. */
  readonly began: string;
}

/**
 * Notes a running process in a file, so that a later command can end it. One line of JSON for
 * each process.
 */
export function recordProcess(file: string, name: string, pid: number): void {
  const began = beginningOf(pid);
  // A process that is gone already needs nobody to end it.
  if (began === undefined) return;
  appendFileSync(file, `${JSON.stringify({ pid, name, began })}\n`);
}

/**
 * Ends every process noted in a file, last started first: SIGTERM, and SIGKILL after the grace
 * time. Returns the names of those that were still there, and removes the file.
 */
export async function stopRecorded(file: string, graceMs = 10_000): Promise<string[]> {
  if (!existsSync(file)) return [];
  const alive = readRecords(file).filter(isOurs).reverse();
  for (const recorded of alive) await stopOne(recorded, graceMs);
  rmSync(file, { force: true });
  return alive.map(({ name }) => name);
}

/** Which processes noted in a file are running now. */
export function runningRecorded(file: string): string[] {
  if (!existsSync(file)) return [];
  return readRecords(file)
    .filter(isOurs)
    .map(({ name }) => name);
}

/** The number of the process of a name that was noted last, where it still runs. */
export function recordedPid(file: string, name: string): number | undefined {
  return readRecords(file).findLast((recorded) => recorded.name === name && isOurs(recorded))?.pid;
}

function readRecords(file: string): RecordedProcess[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedProcess);
}

async function stopOne(recorded: RecordedProcess, graceMs: number): Promise<void> {
  process.kill(recorded.pid, 'SIGTERM');
  // One that is stopped would not see the SIGTERM until it goes on.
  process.kill(recorded.pid, 'SIGCONT');
  const deadline = performance.now() + graceMs;
  while (isOurs(recorded)) {
    if (performance.now() > deadline) process.kill(recorded.pid, 'SIGKILL');
    await sleep(20);
  }
}

function isOurs({ pid, began }: RecordedProcess): boolean {
  return beginningOf(pid) === began;
}

/** The moment a process began in the system's own notation; undefined where there is none. */
function beginningOf(pid: number): string | undefined {
  try {
    if (!existsSync('/proc/self/stat')) {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets, which may hold spaces: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not looked yet.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
