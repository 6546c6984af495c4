import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { WatchedFile } from '../base/watched-file.ts';
import type { LayeredMesh } from './layered-mesh.ts';

export interface MeshConfigFileOptions {
  readonly path: string;
  /** What is told of the file's texts, as its main layer. */
  readonly mesh: LayeredMesh;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Tells a mesh of the mesh config in a file, now and whenever it changes. Throws when the file cannot
 * be read, and MeshConfigError when it cannot be used.
 */
export function followMeshConfigFile(options: MeshConfigFileOptions): Promise<Stoppable> {
  const { path, mesh, clock, log } = options;
  const parse = (text: string): void => {
    mesh.replace('main', text);
  };
  return WatchedFile.open({ path, what: 'mesh config', parse, clock, log });
}
