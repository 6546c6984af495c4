import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { architectures } from '../../../scripts/image/debian-lock.ts';
import { readSourceState } from '../../../scripts/image/source-state.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';
import { repository } from '../support/built-image.ts';
import { archiveOf, bundle, configOf, filesOf, savedManifest } from '../support/unpacked-image.ts';
import type { ConfigFile } from '../support/unpacked-image.ts';

type Instruction = readonly [name: string, words: string];

/** What the last stage of the Dockerfile says. */
function lastStage(): readonly Instruction[] {
  const stages = readFileSync(join(repository, 'Dockerfile'), 'utf8').split(/^FROM .*$/m);
  const lines = (stages.at(-1) ?? '').split('\n');
  return lines.flatMap((line): Instruction[] => {
    const [, name, words] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    return name === undefined || words === undefined ? [] : [[name, words]];
  });
}

/** What docker would make of it, given the arguments that `make image-docker` gives. */
function configOfDockerfile(
  stage: readonly Instruction[],
  given: Readonly<Record<string, string>>,
): ConfigFile['config'] {
  const all = (wanted: string): readonly string[] =>
    stage.filter(([name]) => name === wanted).map(([, words]) => words);
  const last = (wanted: string): string => all(wanted).at(-1) ?? '';
  const labels = all('LABEL').map((words) => {
    const [, key = '', value = ''] = /^([\w.]+)="(.*)"$/.exec(words) ?? [];
    return [key, value.replace(/^\$\{(\w+)\}$/, (_, name: string) => given[name] ?? '')] as const;
  });
  return {
    User: last('USER'),
    ExposedPorts: Object.fromEntries(
      all('EXPOSE').flatMap((words) => words.split(' ').map((port) => [`${port}/tcp`, {}])),
    ),
    Env: all('ENV'),
    Entrypoint: JSON.parse(last('ENTRYPOINT')) as string[],
    Cmd: JSON.parse(last('CMD')) as string[],
    WorkingDir: last('WORKDIR'),
    Labels: Object.fromEntries(labels),
  };
}

/** Path in the image and the file of this repository or of its bundle, for each file that the stage copies. */
function copiedFiles(stage: readonly Instruction[]): ReadonlyMap<string, string> {
  const copies = stage.filter(([name]) => name === 'COPY');
  return new Map(
    copies.flatMap(([, words]) => {
      const [, source, target] = /^--from=build \/src\/(\S+) (\S+)$/.exec(words) ?? [];
      if (source === undefined || target === undefined) throw new Error(`cannot follow: ${words}`);
      const from = source === 'dist' ? bundle() : join(repository, source);
      if (lstatSync(from).isFile()) return [[target, from] as const];
      return filesBelow(from).map((file) => [join(target, relative(from, file)), file] as const);
    }),
  );
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.each(architectures)('the image for %s and the Dockerfile', (architecture) => {
  let stage: readonly Instruction[];
  beforeAll(() => {
    stage = lastStage();
  });

  it('agree on user, environment, entry point, ports and labels', async () => {
    const { version, revision } = await readSourceState(repository);
    const expected = configOfDockerfile(stage, { VERSION: version, REVISION: revision });
    const { config } = configOf(architecture);
    expect({ ...config, Env: [...config.Env].sort() }).toEqual({
      ...expected,
      Env: [...expected.Env].sort(),
    });
    expect(expected.Env.length).toBeGreaterThan(4);
    expect(Object.values(expected.Labels)).not.toContain('');
  });

  it('agree on the files that we add, each with its content', async () => {
    const expected = copiedFiles(stage);
    const layer = join(archiveOf(architecture), savedManifest(architecture).Layers.at(-1) ?? '');
    const listed = (await mustRun('tar', ['--list', '--file', layer])).trim().split('\n');
    const files = listed.filter((name) => !name.endsWith('/')).map((name) => `/${name}`);
    expect(files.sort()).toEqual([...expected.keys()].sort());
    const differing = [...expected].filter(([path, source]) => {
      const ours = readFileSync(join(filesOf(architecture), path));
      return !ours.equals(readFileSync(source));
    });
    expect(differing).toEqual([]);
  });

  it('agree on the one file that must be executable', () => {
    const launcher = lstatSync(join(repository, 'scripts/image/istio-ra'));
    const ours = lstatSync(join(filesOf(architecture), 'usr/local/bin/istio-ra'));
    expect([launcher.mode & 0o111, ours.mode & 0o777]).toEqual([0o111, 0o755]);
  });
});

describe('the context of the Dockerfile', () => {
  it('has each file that its stages copy from it', () => {
    const dockerfile = readFileSync(join(repository, 'Dockerfile'), 'utf8');
    const ignored = readFileSync(join(repository, '.dockerignore'), 'utf8');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, sources = '']) => sources.split(' '),
    );
    const kept = ignored.split('\n').filter((line) => line.startsWith('!'));
    expect(kept.map((line) => line.slice(1)).sort()).toEqual([...copied].sort());
  });
});

describe('the labels of the image', () => {
  it('name the version and the commit', async () => {
    const { config } = configOf('amd64');
    const commit = (await mustRun('git', ['-C', repository, 'rev-parse', 'HEAD'])).trim();
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': expect.stringMatching(
        new RegExp(`^${commit}(-dirty)?$`),
      ) as unknown,
    });
  });
});
