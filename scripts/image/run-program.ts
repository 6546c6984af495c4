import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const maxOutput = 2 ** 30;

export interface ProgramOptions {
  readonly cwd?: string;
  /** Variables besides our own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Thrown where a program ends with another status than 0; the message has what it said last. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed';
}

/** What a program prints. Throws `ProgramFailed`, and says what to do where the program is not installed. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Buffer> {
  try {
    const { stdout } = await execute(program, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      encoding: 'buffer',
      maxBuffer: maxOutput,
    });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: Buffer };
    if (code === 'ENOENT') throw new Error(notInstalled(program), { cause: error });
    const said = stderr?.toString().trim().split('\n').slice(-5).join('\n') ?? String(error);
    const command = [program, ...args].join(' ');
    throw new ProgramFailed(`${command} ended with ${String(code)}: ${said}`, { cause: error });
  }
}

const debianPrograms = ['apt-get', 'apt-cache', 'apt-config', 'dpkg-deb'];

function notInstalled(program: string): string {
  if (!debianPrograms.includes(program)) return `${program} is not installed, or not on the PATH`;
  return `${program} is not installed: the image is made of Debian packages, which apt and dpkg of a Debian 12 bring (elsewhere, "make image-docker" needs docker alone)`;
}
