import type { Clock } from '../../base/clock.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import { WatchedFile } from '../../base/watched-file.ts';
import { parseCertificate } from '../../pki/certificate.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { parseCertificateBundle } from '../../pki/pem.ts';

/** Further roots that clients are to trust, as they are now. */
export interface FurtherRoots extends Stoppable {
  current(): readonly Certificate[];
}

/** As ChainVerifier: a longer list is a whole web's bundle, put here by mistake. */
const mostRoots = 64;

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
    return readRoots(pem);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot use the ${what}: ${problem}`, { cause });
  }
}

function readRoots(pem: string): readonly Certificate[] {
  const roots = parseCertificateBundle(pem).map((der) => parseCertificate(der));
  if (roots.length > mostRoots) throw new Error(`it holds more than ${mostRoots} roots`);
  const stranger = roots.findIndex(({ isCa }) => !isCa);
  if (stranger >= 0) throw new Error(`certificate ${stranger + 1} is not a CA certificate`);
  return roots.filter((root, at) => roots.findIndex(({ sha256 }) => sha256 === root.sha256) === at);
}
