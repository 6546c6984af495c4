/** A text file by its path; undefined where it cannot be read. */
export type ReadFile = (path: string) => string | undefined;

/** Where the files of our control group are that limit its memory (cgroups(7)). */
export interface MemoryGroup {
  readonly version: 1 | 2;
  /** From our own group up to the topmost that can be seen; not each need be there. */
  readonly folders: readonly string[];
}

/**
 * The hierarchies that may hold the memory controller, the likelier one first: there are two on a machine
 * that has version 1 and version 2 beside each other, and one of them has the controller. Never throws.
 */
export function findMemoryGroups(readFile: ReadFile): readonly MemoryGroup[] {
  const paths = parseMemberships(readFile('/proc/self/cgroup') ?? '');
  const mounts = parseMounts(readFile('/proc/self/mountinfo') ?? '');
  const first = mounts.filter(({ type, options }) => type === 'cgroup' && options.has('memory'));
  const second = mounts.filter(({ type }) => type === 'cgroup2');
  return [
    { version: 1 as const, folders: foldersOf(paths.first, first) },
    { version: 2 as const, folders: foldersOf(paths.second, second) },
  ].filter(({ folders }) => folders.length > 0);
}

interface Memberships {
  /** Our group under the memory controller of version 1. */
  readonly first: string | undefined;
  readonly second: string | undefined;
}

/** Lines `<hierarchy>:<controllers>:<path>`; version 2 has the hierarchy 0 and names no controllers. */
function parseMemberships(text: string): Memberships {
  const lines = text.split('\n').map((line) => /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? []);
  const pathWhere = (holds: (id: string, controllers: readonly string[]) => boolean) =>
    lines.find(([, id = '', controllers = '']) => holds(id, controllers.split(',')))?.[3];
  return {
    first: pathWhere((id, controllers) => id !== '0' && controllers.includes('memory')),
    second: pathWhere((id) => id === '0'),
  };
}

interface Mount {
  /** Which group of the hierarchy is at the mount point. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: ReadonlySet<string>;
}

/** Lines of proc_pid_mountinfo(5): `id parent device root point … - type source options`. */
function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after] = line.split(' - ');
    const [, , , root, point] = before.split(' ').map(unescaped);
    const [type, , options] = after?.split(' ') ?? [];
    if (root === undefined || point === undefined || type === undefined) return [];
    return [{ root, point, type, options: new Set(options?.split(',')) }];
  });
}

/** Blanks and backslashes in paths are octal there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/**
 * Our group's folder and those above it, at the first mount that shows our group. Where none does, the top of
 * the first mount: what a container was given is about itself, whatever its path is called outside.
 */
function foldersOf(path: string | undefined, mounts: readonly Mount[]): readonly string[] {
  for (const { root, point } of mounts) {
    const below = path === undefined ? undefined : pathBelow(root, path);
    if (below !== undefined) return foldersUpTo(point, below);
  }
  return mounts.slice(0, 1).map(({ point }) => point);
}

/** The names between a group and one below it; undefined where it is not below. */
function pathBelow(root: string, path: string): readonly string[] | undefined {
  const names = namesIn(path);
  const above = namesIn(root);
  // A group outside of our namespace is written with `..`, and not shown below any mount of ours.
  if (names.includes('..') || above.some((name, at) => names[at] !== name)) return undefined;
  return names.slice(above.length);
}

function namesIn(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '');
}

function foldersUpTo(top: string, names: readonly string[]): readonly string[] {
  const depths = Array.from({ length: names.length + 1 }, (_, above) => names.length - above);
  return depths.map((depth) => [top, ...names.slice(0, depth)].join('/'));
}
