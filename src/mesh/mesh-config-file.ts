import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock, Timer } from '../base/clock.ts';
import type { ReadinessCheck, Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { loadMeshSnapshot } from './mesh-snapshot.ts';
import type { MeshSnapshot, MeshSource } from './mesh-snapshot.ts';
import { MeshConfigError } from './mesh-config.ts';

/** How often the file is read again; a ConfigMap volume changes by a symbolic link, unseen by fs.watch. */
const reloadMs = 2_000;

export interface MeshConfigFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The mesh config from a file, read again every two seconds. A text that cannot be used is reported
 * once and the last good one stays.
 */
export class MeshConfigFile implements MeshSource, Stoppable, ReadinessCheck {
  readonly name = 'mesh-config';
  readonly #options: MeshConfigFileOptions;
  #snapshot: MeshSnapshot;
  #digest: string;
  #timer: Timer | undefined;
  #stopped = false;

  private constructor(options: MeshConfigFileOptions, text: string) {
    this.#options = options;
    this.#digest = digestOf(text);
    this.#snapshot = loadMeshSnapshot(text, 1);
    this.#report();
    this.#schedule();
  }

  /** Throws MeshConfigError when the file cannot be read or used: there is no last good one yet. */
  static async open(options: MeshConfigFileOptions): Promise<MeshConfigFile> {
    let text: string;
    try {
      text = await readFile(options.path, 'utf8');
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw new MeshConfigError('', `cannot read the mesh config: ${problem}`, { cause });
    }
    return new MeshConfigFile(options, text);
  }

  current(): MeshSnapshot {
    return this.#snapshot;
  }

  notReadyBecause(): undefined {
    return undefined;
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    return Promise.resolve();
  }

  #schedule(): void {
    this.#timer = this.#options.clock.timer(reloadMs, () => {
      void this.#reload().finally(() => {
        if (!this.#stopped) this.#schedule();
      });
    });
  }

  async #reload(): Promise<void> {
    const { path, log } = this.#options;
    try {
      const text = await readFile(path, 'utf8');
      const digest = digestOf(text);
      if (digest === this.#digest) return;
      this.#digest = digest;
      this.#snapshot = loadMeshSnapshot(text, this.#snapshot.generation + 1);
      log.info('mesh config replaced', { generation: this.#snapshot.generation });
      this.#report();
    } catch (error) {
      log.error('mesh config not replaced, the last good one stays', { error });
    }
  }

  #report(): void {
    for (const reason of this.#snapshot.config.ignored) {
      this.#options.log.warn('mesh config entry ignored', { reason });
    }
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
