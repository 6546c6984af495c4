import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { WatchedFile } from '../base/watched-file.ts';
import { loadMeshSnapshot } from './mesh-snapshot.ts';
import type { MeshSnapshot, MeshSource } from './mesh-snapshot.ts';

export interface MeshConfigFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The mesh config from a file, replaced as a whole when the file changes to another that is good. */
export class MeshConfigFile implements MeshSource, Stoppable {
  readonly #file: WatchedFile<MeshSnapshot>;

  private constructor(file: WatchedFile<MeshSnapshot>) {
    this.#file = file;
  }

  /** Throws when the file cannot be read, and MeshConfigError when it cannot be used. */
  static async open({ path, clock, log }: MeshConfigFileOptions): Promise<MeshConfigFile> {
    let generation = 0;
    const parse = (text: string): MeshSnapshot => {
      const snapshot = loadMeshSnapshot(text, generation + 1);
      generation += 1;
      for (const reason of snapshot.config.ignored)
        log.warn('mesh config entry ignored', { reason });
      return snapshot;
    };
    const options = { path, what: 'mesh config', parse, clock, log };
    return new MeshConfigFile(await WatchedFile.open(options));
  }

  current(): MeshSnapshot {
    return this.#file.current();
  }

  stop(): Promise<void> {
    return this.#file.stop();
  }
}
