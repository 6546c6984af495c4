import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import type { ConfigState } from '../base/watched-file.ts';
import { MeshConfigError } from './mesh-config-error.ts';
import type { MeshConfig } from './mesh-config.ts';
import { loadMeshSnapshot } from './mesh-snapshot.ts';
import type { FollowedMesh, MeshSnapshot } from './mesh-snapshot.ts';

export interface LayeredMeshOptions {
  /** Whether there is a second mesh config, which lies under the main one. */
  readonly shared: boolean;
  readonly trustUnboundRoots: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export type MeshLayer = 'main' | 'shared';

/**
 * The mesh config from texts that come one by one and again and again. Of what cannot be used nothing
 * is used, and the last good mesh stays.
 */
export class LayeredMesh implements FollowedMesh {
  readonly #options: LayeredMeshOptions;
  readonly #texts = new Map<MeshLayer, string>();
  #snapshot: MeshSnapshot | undefined;
  #loadedAt = 0;
  #upToDate = false;

  constructor(options: LayeredMeshOptions) {
    this.#options = options;
  }

  /** Throws NOT_READY before there was a mesh config that can be used. */
  current(): MeshSnapshot {
    if (this.#snapshot !== undefined) return this.#snapshot;
    throw new RaError('NOT_READY', 'the mesh config is not known yet', { reason: 'mesh_unknown' });
  }

  get isKnown(): boolean {
    return this.#snapshot !== undefined;
  }

  get state(): ConfigState {
    return { loadedAt: this.#loadedAt, upToDate: this.#upToDate };
  }

  /**
   * Takes over a text. Nothing happens while another layer has none yet. Throws MeshConfigError when
   * what the layers are together cannot be used, or names no signer where the one in use does: nobody
   * ends a whole mesh's issuance by a text that says nothing.
   */
  replace(layer: MeshLayer, text: string): void {
    this.#texts.set(layer, text);
    const [main, shared] = [this.#texts.get('main'), this.#texts.get('shared')];
    if (main === undefined || (this.#options.shared && shared === undefined)) return;
    this.#upToDate = false;
    const { trustUnboundRoots, clock, log } = this.#options;
    const known = this.#snapshot;
    const generation = (known?.generation ?? 0) + 1;
    const snapshot = loadMeshSnapshot(main, generation, { shared, trustUnboundRoots });
    if (known !== undefined) refuseEmptied(known.config, snapshot.config);
    this.#upToDate = true;
    if (isDeepStrictEqual(known?.config, snapshot.config)) return;
    this.#snapshot = snapshot;
    this.#loadedAt = clock.now();
    log.info('mesh config taken over', { generation });
    for (const reason of snapshot.config.ignored) {
      log.warn('mesh config entry ignored', { reason });
    }
  }

  /** Notes that a layer is there no more; what is in use stays in use. */
  lose(layer: MeshLayer): void {
    this.#texts.delete(layer);
    this.#upToDate = false;
  }
}

function refuseEmptied(known: MeshConfig, next: MeshConfig): void {
  if (!namesSigner(known) || namesSigner(next)) return;
  const problem = 'no signer has a root any more; to end all issuance, stop istio-ra';
  throw new MeshConfigError('caCertificates', problem);
}

function namesSigner({ caCertificates }: MeshConfig): boolean {
  return caCertificates.some(({ certSigners }) => certSigners.length > 0);
}
