import { spawn, type ChildProcess as NodeChild } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitUntil } from './await-until.ts';
import { recordProcess } from './pid-file.ts';

export interface ProcessesOptions {
  /** Each process writes to `<name>.log` in here; the folder is made. */
  readonly logDir: string;
  /** Where the processes are noted for `stopRecorded`. */
  readonly pidFile?: string;
  /**
   * `with-parent`: the kernel ends them when this process ends, however it ends (on Linux with
   * setpriv). `detached`: they stay, for a person to use.
   */
  readonly lifetime?: 'with-parent' | 'detached';
}

export interface StartOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A file descriptor of this process that the new one gets as its descriptor 3. */
  readonly inherit?: number;
}

/** The processes of one stack. They are ended in the reverse order of their start. */
export class Processes {
  private readonly options: ProcessesOptions;
  private readonly started: RunningProcess[] = [];
  private closed = false;

  constructor(options: ProcessesOptions) {
    this.options = options;
  }

  /**
   * Starts a process; returns before it is ready. Throws when there is no such command, and after
   * `stopAll`: what is still going on elsewhere must not leave anything behind.
   */
  start(options: StartOptions): RunningProcess {
    if (this.closed) throw new Error(`${options.name} is not started: all were ended`);
    const { logDir, pidFile, lifetime = 'with-parent' } = this.options;
    mkdirSync(logDir, { recursive: true });
    const logFile = this.logFile(options.name);
    const [command, args] = tiedToParent(lifetime, options);
    const log = openSync(logFile, 'a');
    const child = spawn(command, args, {
      // In a session of its own: Ctrl-C is for this process, which then ends the others in order.
      detached: true,
      stdio: ['ignore', log, log, ...(options.inherit === undefined ? [] : [options.inherit])],
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    closeSync(log);
    if (lifetime === 'detached') child.unref();
    const running = new RunningProcess(options.name, logFile, child);
    this.remember(running);
    if (pidFile !== undefined && child.pid !== undefined) {
      recordProcess(pidFile, options.name, child.pid);
    }
    return running;
  }

  /** How much the log of a process of that name holds now, in bytes. */
  logSize(name: string): number {
    return statSync(this.logFile(name), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Ends every process that was started here and still runs; none is started after that. */
  async stopAll(): Promise<void> {
    this.closed = true;
    for (const running of this.started.toReversed()) await running.stop();
  }

  private logFile(name: string): string {
    return join(this.options.logDir, `${name}.log`);
  }

  /**
   * One started again takes the place of its predecessor, so that the order of the first start
   * decides: a server ends after its clients, or it would wait for them.
   */
  private remember(running: RunningProcess): void {
    const earlier = this.started.findIndex(({ name }) => name === running.name);
    if (earlier === -1) this.started.push(running);
    else this.started[earlier] = running;
  }
}

export interface ReadyOptions {
  readonly timeoutMs?: number;
}

/** One child process with its log. */
export class RunningProcess {
  readonly name: string;
  readonly logFile: string;
  /** Resolves with the exit code, or the signal's name, once the process has ended. */
  readonly exited: Promise<number | string>;
  private readonly child: NodeChild;
  private end: number | string | undefined;

  constructor(name: string, logFile: string, child: NodeChild) {
    this.name = name;
    this.logFile = logFile;
    this.child = child;
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve((this.end = error.message)));
      child.once('exit', (code, signal) => resolve((this.end = code ?? signal ?? 'unknown')));
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.child.pid;
  }

  get isRunning(): boolean {
    return this.end === undefined;
  }

  /**
   * Waits until the probe says true; a probe that throws counts as "not yet". Throws when the
   * process ends first or the time is up, with the end of its log.
   */
  async awaitReady(probe: () => Promise<boolean>, options: ReadyOptions = {}): Promise<void> {
    try {
      await awaitUntil(probe, {
        what: `${this.name} is ready`,
        timeoutMs: options.timeoutMs ?? 60_000,
        giveUp: () => {
          if (!this.isRunning) throw new Error(`${this.name} ended with ${String(this.end)}`);
        },
      });
    } catch (cause) {
      throw new Error(`${this.name} did not become ready; its log ends:\n${this.logTail()}`, {
        cause,
      });
    }
  }

  /** Sends a signal; a process that has ended is left alone. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.child.kill(signal);
  }

  /** Ends the process with SIGTERM, or with SIGKILL once the grace time is over. */
  async stop(graceMs = 10_000): Promise<void> {
    this.signal('SIGTERM');
    // One that is paused would not see the SIGTERM until it goes on.
    this.signal('SIGCONT');
    const waiting = new AbortController();
    const late = sleep(graceMs, undefined, { signal: waiting.signal })
      .then(() => this.signal('SIGKILL'))
      .catch(() => undefined);
    await this.exited;
    waiting.abort();
    await late;
  }

  /** The last lines of the log. */
  logTail(lines = 15): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}

/**
 * The command to start so that the kernel ends it with this process, even where this process is
 * killed and can clean up nothing. setpriv replaces itself by the command, so the pid is right.
 */
function tiedToParent(
  lifetime: 'with-parent' | 'detached',
  { command, args }: StartOptions,
): [string, readonly string[]] {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  if (lifetime === 'detached' || setpriv === undefined) return [command, args];
  return [setpriv, ['--pdeathsig', 'KILL', '--', command, ...args]];
}
