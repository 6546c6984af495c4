import type { ConfigState } from '../base/watched-file.ts';
import type { MeshConfig, MeshReading } from './mesh-config.ts';
import { parseMeshConfig } from './mesh-config.ts';
import { TrustBundle } from './trust-bundle.ts';

/** One mesh config with everything that follows from it: replaced as a whole, never edited. */
export interface MeshSnapshot {
  readonly config: MeshConfig;
  readonly trust: TrustBundle;
  /** Grows with each replacement. */
  readonly generation: number;
}

/** The mesh as it is now. Take one snapshot per decision: the next call may return another. */
export interface MeshSource {
  current(): MeshSnapshot;
}

/** A mesh that follows what it is read from. */
export interface FollowedMesh extends MeshSource {
  readonly state: ConfigState;
}

/** Throws MeshConfigError when any part of the text cannot be used. */
export function loadMeshSnapshot(
  text: string,
  generation: number,
  reading: MeshReading = {},
): MeshSnapshot {
  const config = parseMeshConfig(text, reading);
  return { config, trust: TrustBundle.of(config.caCertificates), generation };
}
