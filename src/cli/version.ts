import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Put in by scripts/build.js; absent when the sources run as they are. */
declare const ISTIO_RA_VERSION: string | undefined;

/** The version of this program. */
export async function readVersion(root: string): Promise<string> {
  if (typeof ISTIO_RA_VERSION === 'string') return ISTIO_RA_VERSION;
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    return String(manifest.version);
  }
  throw new Error('package.json names no version');
}
