import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error-message.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { WatchedFile } from '../base/watched-file.ts';
import { parseAuthorities } from '../pki/authorities.ts';
import type { Certificate } from '../pki/certificate.ts';

/** Further roots that clients are to trust, as they are now. */
export interface FurtherRoots extends Stoppable {
  current(): readonly Certificate[];
}

/** As ChainVerifier: a longer list is a whole web's bundle, put here by mistake. */
const maxRoots = 64;

/**
 * The roots in the file that `setting` names, read again when it changes; without a file there
 * are none. Throws naming the flag when the file cannot be read or holds anything but roots.
 */
export async function openRootsFile(
  path: string | undefined,
  {
    setting,
    clock,
    log,
  }: { readonly setting: string; readonly clock: Clock; readonly log: Logger },
): Promise<FurtherRoots> {
  if (path === undefined) return { current: () => [], stop: () => Promise.resolve() };
  const what = `file that ${setting} names`;
  const parse = (pem: string): readonly Certificate[] => parseRoots(pem, what);
  return WatchedFile.open({ path, what, parse, clock, log });
}

function parseRoots(pem: string, what: string): readonly Certificate[] {
  try {
    return parseAuthorities(pem, maxRoots);
  } catch (cause) {
    const problem = messageOf(cause);
    throw new Error(`cannot use the ${what}: ${problem}`, { cause });
  }
}
