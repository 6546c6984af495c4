import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { configOf, filesOf, nativeArchitecture } from './unpacked-image.ts';

/**
 * In a mount namespace of its own: the image's files as a root that cannot be written to, /proc as a container
 * has it, and a folder of the caller's at /tmp.
 */
const enter = `
set -e
root=$1 data=$2
shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --rbind /proc "$root/proc"
if [ -n "$data" ]; then mount --bind "$data" "$root/tmp"; fi
exec env -i "$@"
`;

export interface ImageProcessOptions {
  /** The folder that is /tmp in there; absent: the image's own, which cannot be written to. */
  readonly data?: string;
  /** Variables besides the image's. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a program in the files of the image as a container would, by the path in them, with the image's user
 * and environment and nothing of ours. Who is not root gets a user namespace, in which the user stays root.
 */
export function startInImage(
  command: readonly string[],
  { data = '', env = {} }: ImageProcessOptions = {},
): ChildProcessWithoutNullStreams {
  const { config } = configOf(nativeArchitecture);
  const isRoot = process.getuid?.() === 0;
  const namespaces = isRoot ? ['--mount'] : ['--map-root-user', '--mount'];
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const user = isRoot ? [`--userspec=${config.User}`] : [];
  const files = filesOf(nativeArchitecture);
  // chroot looks for the command on the PATH that it has, which is the image's.
  const inside = [...config.Env, ...variables, '/usr/sbin/chroot', ...user, files, ...command];
  return spawn('unshare', [...namespaces, 'sh', '-c', enter, 'sh', files, data, ...inside], {
    stdio: 'pipe',
  });
}

export interface Ran {
  readonly status: unknown;
  readonly out: string;
  readonly err: string;
}

export async function runInImage(
  command: readonly string[],
  options: ImageProcessOptions = {},
): Promise<Ran> {
  const program = startInImage(command, options);
  program.stdin.end();
  const [out, err, [status]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, 'close') as Promise<unknown[]>,
  ]);
  return { status, out, err };
}

/** The fields of the log's line that has a message. Rejects with all that was said where there is none. */
export function lineOf(
  program: ChildProcessWithoutNullStreams,
  message: string,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const line = said.split('\n').find((candidate) => candidate.includes(`"${message}"`));
      if (line?.endsWith('}')) resolve(JSON.parse(line) as Record<string, unknown>);
    };
    program.stdout.on('data', hear);
    program.stderr.on('data', hear);
    program.once('close', () => reject(new Error(said)));
  });
}
