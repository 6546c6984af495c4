import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { runningRecorded, stopRecorded } from '../stack/pid-file.ts';
import { upFolder, upPidFile } from './up-folder.ts';

/** `make e2e-down`: ends what `make e2e-up` left. Returns the exit status. */
async function main(): Promise<number> {
  const recorded = runningRecorded(upPidFile);
  const ended = await stopRecorded(upPidFile);
  say(ended.length === 0 ? 'nothing was running' : `ended: ${ended.join(', ')}`);
  const left = mentioning(upFolder);
  if (left.length > 0) {
    say(`${left.length} processes are left:\n${left.join('\n')}`);
    return 1;
  }
  rmSync(upFolder, { recursive: true, force: true });
  if (recorded.length > 0) say(`no process is left of ${recorded.length}`);
  return 0;
}

/** Running processes that have a folder in their command line; none where there is no /proc. */
function mentioning(folder: string): string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const command = commandLine(pid);
    return command.includes(`${folder}/`) ? [`${pid} ${command}`] : [];
  });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // It has ended meanwhile.
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
