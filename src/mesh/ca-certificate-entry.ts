import type { TrustDomain } from '../pki/spiffe-id.ts';
import { MeshConfigError } from './mesh-config-error.ts';
import { asList, asMapping, asNames, asText } from './mesh-values.ts';
import type { Mapping } from './mesh-values.ts';

/** One entry of `meshConfig.caCertificates` that is used: roots and whose certificates they verify. */
export interface CaCertificateEntry {
  /** Undefined where there is a URL alone. */
  readonly pem: string | undefined;
  /** Where further roots of those signers are to be had, by https; undefined: nowhere. */
  readonly spiffeBundleUrl?: string | undefined;
  /** Empty: the roots are of no signer, and only sent along with others. */
  readonly certSigners: readonly string[];
}

export interface EntryReading {
  readonly trustDomain: TrustDomain;
  /** Whether entries without signers are used, for what they are. */
  readonly trustUnboundRoots: boolean;
  /** Where to note each entry that is there and not used, with the reason. */
  readonly ignored: string[];
}

/** A bound on how many servers are asked for roots. */
const maxUrls = 16;

/** Throws MeshConfigError for what cannot be read. */
export function readCaCertificates(
  mesh: Mapping,
  reading: EntryReading,
): readonly CaCertificateEntry[] {
  const entries = asList(mesh['caCertificates'], 'caCertificates').flatMap((item, index) => {
    const path = `caCertificates[${index}]`;
    const { trustDomains, ...entry } = readEntry(asMapping(item, path), path);
    const because = unusedBecause(entry, trustDomains, reading);
    if (because === undefined) return [entry];
    reading.ignored.push(`${path} ${because}`);
    return [];
  });
  const urls = new Set(entries.flatMap(({ spiffeBundleUrl }) => spiffeBundleUrl ?? []));
  if (urls.size <= maxUrls) return entries;
  throw new MeshConfigError('caCertificates', `must name ${maxUrls} bundle URLs at most`);
}

function readEntry(
  entry: Mapping,
  path: string,
): CaCertificateEntry & { readonly trustDomains: readonly string[] } {
  const url = asText(entry['spiffeBundleUrl'], `${path}.spiffeBundleUrl`);
  const pem = asText(entry['pem'], `${path}.pem`);
  return {
    pem: pem === '' && url !== undefined ? undefined : pem,
    ...(url === undefined || url === '' ? {} : { spiffeBundleUrl: asBundleUrl(url, path) }),
    certSigners: asNames(entry['certSigners'], `${path}.certSigners`, 'a signer'),
    trustDomains: asNames(entry['trustDomains'], `${path}.trustDomains`, 'a trust domain'),
  };
}

/** As the SPIFFE Federation standard has its endpoints: https, and no user in the URL (5.1). */
function asBundleUrl(text: string, path: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' && url.username + url.password === '') return url.href;
  const problem = 'must begin with https:// and hold no user or password';
  throw new MeshConfigError(`${path}.spiffeBundleUrl`, problem);
}

function unusedBecause(
  { pem, spiffeBundleUrl, certSigners }: CaCertificateEntry,
  trustDomains: readonly string[],
  { trustDomain, trustUnboundRoots }: EntryReading,
): string | undefined {
  if (pem === undefined && spiffeBundleUrl === undefined) {
    return 'has neither pem nor spiffeBundleUrl';
  }
  // By the API's text an entry with both is for those signers within those trust domains alone.
  if (trustDomains.length > 0 && !trustDomains.includes(trustDomain)) {
    return `is for other trust domains than ${trustDomain}`;
  }
  if (certSigners.length > 0) return undefined;
  if (pem === undefined) return 'has a spiffeBundleUrl and names no certSigners';
  // By the API's text such a root would be trusted for every signer: every tenant's peers.
  return trustUnboundRoots ? undefined : 'names no certSigners, so every tenant would trust it';
}
