// apt of this machine with its own sources, keys and proxies, but with lists, caches and an empty list of
// installed packages of ours, and for an architecture that the machine need not have.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture, LockedPackage } from './debian-lock.ts';
import { ProgramFailed, runProgram } from './run-program.ts';

/** What of the machine's configuration is its own business: its hooks, and lists that nobody reads here. */
const leftOut = /^(APT::Architectures?|(APT|DPkg)::.*-Invoke|Acquire::IndexTargets::deb::DEP-11)\b/;

export interface WantedPackage {
  readonly name: string;
  /** Absent: the newest. */
  readonly version?: string;
}

/** Packages as apt sees them for one architecture. Disposing of it removes its files. */
export class PrivateApt implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads the sources' lists anew. Throws where none of them is of the release. */
  static async open(architecture: Architecture, release: string): Promise<PrivateApt> {
    const apt = new PrivateApt(await mkdtemp(join(tmpdir(), 'istio-ra-apt-')));
    try {
      await apt.#configure(architecture);
      await apt.#run('apt-get', ['update', '--quiet', '--error-on=any']);
      await apt.#verifyRelease(release);
      return apt;
    } catch (error) {
      await apt[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #configure(architecture: Architecture): Promise<void> {
    const folder = this.#folder;
    const machine = (await runProgram('apt-config', ['dump'])).toString().split('\n');
    await mkdir(join(folder, 'state', 'lists', 'partial'), { recursive: true });
    await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
    await writeFile(join(folder, 'status'), '');
    const ours = [
      `APT::Architecture "${architecture}";`,
      `APT::Architectures { "${architecture}"; };`,
      // Nothing here is installed, so there is nothing to lose rights for; the folder is the user's own.
      'APT::Sandbox::User "root";',
      'Dir::Etc::parts "/dev/null";',
      'Dir::Etc::main "/dev/null";',
      `Dir::State "${folder}/state";`,
      `Dir::State::status "${folder}/status";`,
      `Dir::Cache "${folder}/cache";`,
      // Container images of Debian turn these off, and each call then reads all lists anew.
      'Dir::Cache::pkgcache "pkgcache.bin";',
      'Dir::Cache::srcpkgcache "srcpkgcache.bin";',
    ];
    const kept = machine.filter((line) => !leftOut.test(line));
    await writeFile(join(folder, 'apt.conf'), [...kept, ...ours, ''].join('\n'));
  }

  async #run(program: string, args: readonly string[], cwd = this.#folder): Promise<string> {
    const env = { APT_CONFIG: join(this.#folder, 'apt.conf'), LC_ALL: 'C' };
    return (await runProgram(program, args, { cwd, env })).toString();
  }

  async #verifyRelease(release: string): Promise<void> {
    const codenames = await this.#run('apt-get', ['indextargets', '--format', '$(CODENAME)']);
    const served = [...new Set(codenames.split('\n').filter((name) => name !== ''))];
    if (served.includes(release)) return;
    throw new Error(
      `the image's packages are of Debian ${release}, and the apt sources of this machine have ${served.join(', ') || 'nothing'}`,
    );
  }

  /** Versions that an installation into nothing would take, with the packages that they depend on. */
  async withDependencies(names: readonly string[]): Promise<readonly LockedPackage[]> {
    const options = ['--simulate', '--assume-yes', '--no-install-recommends'];
    const plan = await this.#run('apt-get', ['install', ...options, '--', ...names]);
    const planned = [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)];
    return this.#mustFind(planned.map(([, name = '', version = '']) => ({ name, version })));
  }

  /** The newest version of each package, and nothing that it depends on. */
  async alone(names: readonly string[]): Promise<readonly LockedPackage[]> {
    return this.#mustFind(names.map((name) => ({ name })));
  }

  async #mustFind(wanted: readonly WantedPackage[]): Promise<readonly LockedPackage[]> {
    const found = await this.find(wanted);
    return wanted
      .map(({ name, version }) => {
        const served = found.get(name);
        if (served) return served;
        const what = version === undefined ? name : `${name} ${version}`;
        throw new Error(`the apt sources of this machine have no package ${what}`);
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Packages as the sources have them, by name; those are missing that they have not in that version. */
  async find(wanted: readonly WantedPackage[]): Promise<ReadonlyMap<string, LockedPackage>> {
    const words = wanted.map(({ name, version }) =>
      version === undefined ? name : `${name}=${version}`,
    );
    const shown = await this.#run('apt-cache', ['show', '--no-all-versions', '--', ...words]).catch(
      (error: unknown) => {
        // It fails where it knows none of them.
        if (error instanceof ProgramFailed) return '';
        throw error;
      },
    );
    const found = shown.split('\n\n').map(packageOf);
    return new Map(
      wanted.flatMap(({ name, version }) => {
        const served = found.find(
          (one) => one.name === name && (version === undefined || one.version === version),
        );
        return served ? [[name, served] as const] : [];
      }),
    );
  }

  /** The .deb files of packages. */
  async download(packages: readonly LockedPackage[]): Promise<readonly Buffer[]> {
    const folder = await mkdtemp(join(this.#folder, 'download-'));
    const pins = packages.map(({ name, version }) => `${name}=${version}`);
    await this.#run('apt-get', ['download', '--quiet', '--', ...pins], folder);
    return Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** What `apt-cache show` says of a package. */
function packageOf(stanza: string): LockedPackage {
  const field = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
  return { name: field('Package'), version: field('Version'), sha256: field('SHA256') };
}
