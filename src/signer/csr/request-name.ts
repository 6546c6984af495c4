import { createHash } from 'node:crypto';

/** Agents repeat a request within a minute; beyond this nobody finds an old object by its name. */
const bucketMs = 5 * 60_000;
const nameLength = 26;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * The name of the object for a fingerprint: the same for whoever repeats the order within five
 * minutes, on whichever replica. `salt` makes another one, where that name cannot be used.
 */
export function nameFor(fingerprint: string, now: number, salt = ''): string {
  const bucket = Math.floor(now / bucketMs);
  const digest = createHash('sha256')
    .update(JSON.stringify([fingerprint, bucket, salt]))
    .digest();
  return `ra-${base32(digest).slice(0, nameLength)}`;
}

/** RFC 4648 section 6 in lower case, without padding; what is left of the last five bits is cut. */
function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  const groups = bits.match(/.{5}/g) ?? [];
  return groups.map((group) => alphabet.charAt(Number.parseInt(group, 2))).join('');
}
