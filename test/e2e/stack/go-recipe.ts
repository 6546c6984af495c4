import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { requireGo } from './prerequisites.ts';
import { mustRun } from './run-command.ts';
import type { Recipe } from './tool-cache.ts';

const toolsDir = join(import.meta.dirname, '..', 'tools');
const workspace = join(toolsDir, 'go.work');

/** Folder of a pinned module, under test/e2e/tools. */
export function toolFolder(module: string): string {
  return join(toolsDir, module);
}

export interface GoPrograms {
  /** Name of the recipe; it names the program too where there is only one. */
  readonly name: string;
  /** Folder of the pinned module, under test/e2e/tools. */
  readonly module: string;
  /** The packages to build. */
  readonly main: string | readonly string[];
  readonly linkerFlags?: string;
  readonly expectation: string;
}

/** Builds programs of a pinned module. A single program is called as the recipe is, several as their packages. */
export function goRecipe({
  name,
  module,
  main,
  linkerFlags = '',
  expectation,
}: GoPrograms): Recipe {
  const ldflags = `-s -w ${linkerFlags}`.trim();
  const packages = typeof main === 'string' ? [main] : main;
  return {
    name,
    sourceDir: toolFolder(module),
    sourceFiles: isInWorkspace(module) ? [workspace, `${workspace}.sum`] : [],
    manner: `${packages.join(' ')} ${ldflags}`,
    expectation,
    build: async (folder, progress) => {
      await requireGo();
      let compiled = 0;
      const parallel = String(availableParallelism());
      const args = ['build', '-v', '-mod=readonly', '-trimpath', '-buildvcs=false', '-p', parallel];
      const output = packages.length === 1 ? join(folder, name) : `${folder}/`;
      await mustRun('go', [...args, '-ldflags', ldflags, '-o', output, ...packages], {
        cwd: toolFolder(module),
        env: { ...goEnvironment(module), CGO_ENABLED: '0' },
        onErrorLine: (line) => {
          if (line.startsWith('go: downloading')) progress('downloading modules');
          else progress(`${++compiled} packages compiled`);
        },
      });
    },
  };
}

/** Where Go keeps a module that one of ours requires; fetches it where needed. */
export async function moduleFolder(tool: string, module: string): Promise<string> {
  await requireGo();
  const options = { cwd: toolFolder(tool), env: goEnvironment(tool) };
  await mustRun('go', ['mod', 'download', module], options);
  return (await mustRun('go', ['list', '-m', '-f', '{{.Dir}}', module], options)).trim();
}

/** The version of a module that one of ours requires by itself, such as `v1.37.2`. */
export function requiredVersion(tool: string, module: string): string {
  const text = readFileSync(join(toolFolder(tool), 'go.mod'), 'utf8');
  const version = text
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/^require /, '')
        .split(' '),
    )
    .find(([path, found]) => path === module && found?.startsWith('v') === true)?.[1];
  if (version === undefined) throw new Error(`${tool}/go.mod does not require ${module}`);
  return version;
}

function goEnvironment(module: string): NodeJS.ProcessEnv {
  return { ...process.env, GOWORK: isInWorkspace(module) ? workspace : 'off' };
}

/** Whether a module takes the versions that the workspace's modules agree on. */
function isInWorkspace(module: string): boolean {
  const lines = readFileSync(workspace, 'utf8').split('\n');
  return lines.some((line) => line.trim() === `./${module}`);
}
