import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from '../../../scripts/image/debian-lock.ts';

/** Where the set-up left the image. */
function folder(): string {
  const found = process.env['CHART_IMAGE'];
  if (found === undefined) throw new Error('the set-up of these tests did not build the image');
  return found;
}

/** The bundle that the image was made of. */
export const bundle = (): string => join(folder(), 'dist');
/** What `make image` writes. */
export const output = (): string => join(folder(), 'image');
/** The loadable archive, unpacked. */
export const archiveOf = (architecture: Architecture): string =>
  join(folder(), 'archive', architecture);
/** The files of the image. */
export const filesOf = (architecture: Architecture): string =>
  join(folder(), 'files', architecture);

/** The architecture that this machine can run. */
export const nativeArchitecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

export interface FileOfImage {
  /** Absolute path in the image. */
  readonly path: string;
  /** Where it is unpacked. */
  readonly unpacked: string;
  readonly stats: Stats;
}

/** All files, folders and links of the image. */
export function listFiles(architecture: Architecture): readonly FileOfImage[] {
  return filesBelow(filesOf(architecture), '');
}

// Node's own recursion follows links, and so leaves the folder for this machine's /run.
function filesBelow(root: string, folder: string): readonly FileOfImage[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    const unpacked = join(root, path);
    const stats = lstatSync(unpacked);
    const below = stats.isDirectory() ? filesBelow(root, path) : [];
    return [{ path, unpacked, stats }, ...below];
  });
}

/** Of the image specification, as far as tests look at it. */
export interface ConfigFile {
  readonly architecture: string;
  readonly os: string;
  readonly created: string;
  readonly config: {
    readonly User: string;
    readonly ExposedPorts: Readonly<Record<string, unknown>>;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
}

export interface SavedManifest {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

/** The `manifest.json` of `docker save`. */
export function savedManifest(architecture: Architecture): SavedManifest {
  const text = readFileSync(join(archiveOf(architecture), 'manifest.json'), 'utf8');
  const saved = JSON.parse(text) as readonly SavedManifest[];
  const [only] = saved;
  if (only === undefined || saved.length > 1) throw new Error(`one image was expected: ${text}`);
  return only;
}

export function configOf(architecture: Architecture): ConfigFile {
  const file = join(archiveOf(architecture), savedManifest(architecture).Config);
  return JSON.parse(readFileSync(file, 'utf8')) as ConfigFile;
}
