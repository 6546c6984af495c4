import { messageOf } from '../base/error-message.ts';
import { eachOnce } from '../pki/authorities.ts';
import { parseCertificate } from '../pki/certificate.ts';
import type { Certificate } from '../pki/certificate.ts';

/** What a SPIFFE bundle says (SPIFFE Trust Domain and Bundle, section 4). */
export interface SpiffeBundle {
  /** The roots of its X.509 identities, each once; empty: all were withdrawn. */
  readonly roots: readonly Certificate[];
  /** How often its publisher wants it read again, in milliseconds; undefined: it does not say. */
  readonly refreshMs: number | undefined;
}

/** The longest bundle that is read, in bytes. */
export const maxBundleLength = 1024 * 1024;
const maxKeys = 100;
const maxRoots = 16;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Throws an Error unless the text is a SPIFFE bundle whose every X.509 root can be read. */
export function parseSpiffeBundle(text: string): SpiffeBundle {
  const bundle = asRecord(parseJson(text), 'the bundle');
  const keys = bundle['keys'];
  if (!Array.isArray(keys)) throw new Error('the bundle has no list of keys');
  if (keys.length > maxKeys) throw new Error(`the bundle has more than ${maxKeys} keys`);
  const roots = keys.flatMap((key: unknown, at) => readRoot(asRecord(key, `key ${at + 1}`), at));
  const once = eachOnce(roots);
  if (once.length > maxRoots) throw new Error(`the bundle has more than ${maxRoots} roots`);
  return { roots: once, refreshMs: readHint(bundle['spiffe_refresh_hint']) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error('the bundle is not JSON', { cause });
  }
}

function asRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new Error(`${what} is not a JSON object`);
}

/** A key of another use, or of none, is to be passed over (section 4.2.2). */
function readRoot(key: Readonly<Record<string, unknown>>, at: number): readonly Certificate[] {
  if (key['use'] !== 'x509-svid') return [];
  const what = `the certificate of key ${at + 1}`;
  const chain = key['x5c'];
  const [encoded, ...rest] = Array.isArray(chain) ? (chain as readonly unknown[]) : [];
  if (typeof encoded !== 'string' || !base64.test(encoded) || rest.length > 0) {
    throw new Error(`${what} is not one text of base64 in x5c`);
  }
  const root = readCertificate(encoded, what);
  if (!root.isCa) throw new Error(`${what} is not a CA certificate`);
  return [root];
}

function readCertificate(encoded: string, what: string): Certificate {
  try {
    return parseCertificate(Buffer.from(encoded, 'base64'));
  } catch (cause) {
    const problem = messageOf(cause);
    throw new Error(`${what} cannot be read: ${problem}`, { cause });
  }
}

function readHint(seconds: unknown): number | undefined {
  if (seconds === undefined) return undefined;
  if (typeof seconds === 'number' && Number.isSafeInteger(seconds) && seconds >= 0) {
    return seconds * 1000;
  }
  throw new Error('spiffe_refresh_hint is not a whole number of seconds');
}
