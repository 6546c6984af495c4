import type { MeshConfig } from './mesh-config.ts';
import { parseMeshConfig } from './mesh-config.ts';
import { TrustBundle } from './trust-bundle.ts';

/** One mesh config with everything that follows from it: replaced as a whole, never edited. */
export interface MeshSnapshot {
  readonly config: MeshConfig;
  readonly trust: TrustBundle;
  /** Grows by one with each replacement. */
  readonly generation: number;
}

/** The mesh as it is now. Take one snapshot per decision: the next call may return another. */
export interface MeshSource {
  current(): MeshSnapshot;
}

/** Throws MeshConfigError when any part of the text cannot be used. */
export function loadMeshSnapshot(text: string, generation: number): MeshSnapshot {
  const config = parseMeshConfig(text);
  return { config, trust: TrustBundle.of(config.caCertificates), generation };
}
