import { messageOf } from '../base/error-message.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { LayeredMesh, MeshLayer } from './layered-mesh.ts';

/** A ConfigMap, as far as it matters here. */
export interface MeshConfigMap {
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

export interface MeshConfigObjectOptions {
  readonly namespace: string;
  /** The ConfigMap's name. */
  readonly name: string;
  readonly layer: MeshLayer;
  readonly mesh: LayeredMesh;
  readonly log: Logger;
}

/** The key of istiod's ConfigMaps that holds the mesh config. */
const key = 'mesh';

/**
 * Tells a mesh of the mesh config in a ConfigMap, as a watch sees it. Ready once it was there and could
 * be used; what becomes of it afterwards is told in the log, and the last good one stays in use.
 */
export class MeshConfigObject implements ReadinessCheck {
  readonly name: string;
  readonly #options: MeshConfigObjectOptions;
  #wasRead = false;
  /** What is wrong with it now. */
  #problem: string | undefined;

  constructor(options: MeshConfigObjectOptions) {
    this.#options = options;
    this.name = options.layer === 'main' ? 'mesh-config' : 'shared-mesh-config';
  }

  onPut({ name, data }: MeshConfigMap): void {
    if (name !== this.#options.name) return;
    const text = Object.hasOwn(data, key) ? data[key] : undefined;
    if (text === undefined) {
      this.#lost(`has no key ${key}`);
      return;
    }
    try {
      this.#options.mesh.replace(this.#options.layer, text);
      if (this.#problem !== undefined) this.#tell('MeshConfigGood', 'can be used again');
      this.#problem = undefined;
      this.#wasRead = true;
    } catch (error) {
      const because = messageOf(error);
      this.#report('MeshConfigBad', `cannot be used: ${because}`, error);
    }
  }

  onGone({ name }: Pick<MeshConfigMap, 'name'>): void {
    if (name === this.#options.name) this.#lost('was deleted');
  }

  /** All there is has been put. */
  onSynced(): void {
    if (!this.#wasRead && this.#problem === undefined) this.#lost('does not exist');
  }

  notReadyBecause(): string | undefined {
    const { mesh, namespace, name } = this.#options;
    // Of two layers each may be mended by the other, and each says for itself what is wrong with it.
    if (mesh.isKnown || (this.#wasRead && this.#problem === undefined)) return undefined;
    return `ConfigMap ${namespace}/${name} ${this.#problem ?? 'has not been read yet'}`;
  }

  #lost(problem: string): void {
    this.#options.mesh.lose(this.#options.layer);
    this.#report('MeshConfigMissing', problem);
  }

  #report(reason: string, problem: string, error?: unknown): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    const { mesh, namespace, name, log } = this.#options;
    const consequence = mesh.isKnown ? 'the last good one stays in use' : 'we wait for it';
    log.warn(`the ConfigMap with the mesh config ${problem}; ${consequence}`, {
      reason,
      kind: 'ConfigMap',
      namespace,
      name,
      ...(error === undefined ? {} : { error }),
    });
  }

  #tell(reason: string, what: string): void {
    const { namespace, name, log } = this.#options;
    const fields = { reason, kind: 'ConfigMap', namespace, name };
    log.info(`the ConfigMap with the mesh config ${what}`, fields);
  }
}
