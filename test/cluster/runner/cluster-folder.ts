import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '..', '..', '..');

/** Where the node of `make cluster` keeps everything; `.cache` is nobody's to commit. */
export const clusterFolder = process.env['CLUSTER_FOLDER'] ?? join(repository, '.cache', 'cluster');
/** The processes that `make cluster-down` ends. */
export const clusterPidFile = join(clusterFolder, 'pids');

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  readonly version: string;
};
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** What `make image` makes for this machine. */
export const istioRaArchive = join(
  repository,
  ...['.cache', 'image', `istio-ra-${version}-${architecture}.tar`],
);
