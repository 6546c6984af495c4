import { parseSpiffeId, parseTrustDomain, workloadId } from '../pki/spiffe-id.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';

/** Stands in where a namespace is checked by itself. */
const anyTrustDomain = parseTrustDomain('any');

/**
 * The identities that may prove themselves by certificate: SPIFFE URIs, each exactly one identity, and
 * `ns/<namespace>/*`, every account of exactly that namespace.
 */
export class ClientAllowList {
  readonly #uris: ReadonlySet<string>;
  readonly #namespaces: ReadonlySet<string>;

  /** Throws an Error that quotes the entry that is neither of the two. */
  constructor(entries: readonly string[]) {
    const parsed = entries.map((entry) => ({ entry, namespace: namespaceOf(entry) }));
    this.#namespaces = new Set(parsed.flatMap(({ namespace }) => namespace ?? []));
    this.#uris = new Set(
      parsed.flatMap(({ entry, namespace }) => (namespace === undefined ? uriOf(entry) : [])),
    );
  }

  /** True when nobody is on it: client certificates are off. */
  get isEmpty(): boolean {
    return this.#uris.size + this.#namespaces.size === 0;
  }

  includes({ uri, namespace }: SpiffeId): boolean {
    return this.#uris.has(uri) || this.#namespaces.has(namespace);
  }
}

function namespaceOf(entry: string): string | undefined {
  const [ns, namespace, star, ...more] = entry.split('/');
  if (ns !== 'ns' || namespace === undefined || star !== '*' || more.length > 0) return undefined;
  try {
    return workloadId({ trustDomain: anyTrustDomain, namespace, serviceAccount: 'any' }).namespace;
  } catch (cause) {
    throw notAnEntry(entry, cause);
  }
}

function uriOf(entry: string): string {
  try {
    return parseSpiffeId(entry).uri;
  } catch (cause) {
    throw notAnEntry(entry, cause);
  }
}

function notAnEntry(entry: string, cause: unknown): Error {
  const forms = 'spiffe://<domain>/ns/<namespace>/sa/<account> nor ns/<namespace>/*';
  return new Error(`${JSON.stringify(entry.slice(0, 256))} is neither ${forms}`, { cause });
}
