import * as der from './der-writer.ts';
import * as csr from './csr-writer.ts';
import { longUri, storedKey, workloadUri, writeCsrPem } from './csr-writer.ts';
import type { CorpusEntry, HostileEntry } from './csr-corpus-entry.ts';
import { hostileEncodings, hostilePem } from './hostile-encodings.ts';
import { hostileExtensions } from './hostile-extensions.ts';
import { hostileKeys } from './hostile-keys.ts';
import { hostileNames, hostileSubjects } from './hostile-names.ts';
import { hostileSignatures } from './hostile-signatures.ts';

/** Every shape that Istio's clients send, and the PEM forms around one of them. */
export function goodRequests(): readonly CorpusEntry[] {
  const rsa2048 = storedKey('rsa-2048');
  const p384 = storedKey('ec-p384');
  const organization = csr.emptyOrganization();
  const nonCritical = [csr.sanExtension([csr.uriName(workloadUri)], false)];
  const ecdsa = (suffix: number): Buffer => csr.algorithm(`1.2.840.10045.4.3.${suffix}`);
  const rsaWith = (suffix: number): Buffer =>
    csr.algorithm(`1.2.840.113549.1.1.${suffix}`, der.nullValue());
  const good = (row: number, name: string, parts: csr.CsrParts): CorpusEntry => ({
    ...{ row, name },
    pem: writeCsrPem(parts),
  });
  const base = writeCsrPem();
  return [
    good(1, 'istio-agent with RSA-2048', { key: rsa2048, subject: organization }),
    good(2, 'istio-agent with P-256', { subject: organization }),
    good(2, 'istio-agent with P-384 and SHA-384', {
      ...{ key: p384, hash: 'sha384', signatureAlgorithm: ecdsa(3), subject: organization },
    }),
    good(2, 'P-384 with SHA-256', { key: p384 }),
    good(2, 'P-256 with SHA-512', { hash: 'sha512', signatureAlgorithm: ecdsa(4) }),
    good(3, 'ztunnel: an empty subject and P-256', {}),
    good(4, 'ztunnel: a subjectAltName that is not critical', { extensions: nonCritical }),
    good(5, 'RSA-3072 with SHA-384', {
      ...{ key: storedKey('rsa-3072'), hash: 'sha384', signatureAlgorithm: rsaWith(12) },
    }),
    good(5, 'RSA-4096 with SHA-512', {
      ...{ key: storedKey('rsa-4096'), hash: 'sha512', signatureAlgorithm: rsaWith(13) },
    }),
    good(10, 'RSA without signature parameters', {
      ...{ key: rsa2048, signatureAlgorithm: csr.algorithm(csr.sha256WithRsa) },
    }),
    good(1, 'an empty organization as UTF8String', {
      subject: der.sequence(csr.rdn('2.5.4.10', der.utf8String(''))),
    }),
    good(43, 'a URI of 2048 bytes', { names: [csr.uriName(longUri(2048))] }),
    { row: 76, name: 'blank lines after the block', pem: `${base}\n\r\n` },
    { row: 77, name: 'CRLF line ends', pem: base.replaceAll('\n', '\r\n') },
    { row: 77, name: 'no final newline', pem: base.trimEnd() },
    { row: 77, name: 'lines of 76 columns', pem: rewrapped(base, 76) },
    { row: 77, name: 'one long line', pem: rewrapped(base, 4096) },
    { row: 78, name: 'blank lines before the block', pem: `\n\r\n${base}` },
  ];
}

/** What the gate lets through and the comparison with the caller's own id refuses. */
export function foreignNames(): readonly (CorpusEntry & { readonly uri: string })[] {
  const uris: readonly (readonly [number, string])[] = [
    [26, 'spiffe://cluster.local/ns/bar/sa/httpbin'],
    [26, 'spiffe://cluster.local/ns/foo/sa/other'],
    [26, 'spiffe://other.domain/ns/foo/sa/httpbin'],
    [36, 'SPIFFE://cluster.local/ns/foo/sa/httpbin'],
    [36, 'spiffe://CLUSTER.local/ns/foo/sa/httpbin'],
    [36, 'spiffe://cluster.local/NS/foo/sa/httpbin'],
    [37, 'spiffe://cluster.local/ns/foo/sa/httpbin/'],
    [37, 'spiffe://cluster.local//ns/foo/sa/httpbin'],
    [37, 'spiffe://cluster.local/./ns/foo/sa/httpbin'],
    [37, 'spiffe://cluster.local/ns/bar/../foo/sa/httpbin'],
    [37, 'spiffe://cluster.local/ns//sa/httpbin'],
    [37, 'spiffe://cluster.local/ns/foo/sa/'],
    [37, 'spiffe://cluster.local/ns/../sa/..'],
    [38, 'spiffe://cluster.local/ns/foo/sa/http%2Fbin'],
    [38, 'spiffe://cluster.local/ns/f%61o/sa/httpbin'],
    [38, 'spiffe://cluster.local/ns/foo/sa/http%252Fbin'],
    [39, 'spiffe://cluster.local/ns/foo/sa/httpbin?q'],
    [39, 'spiffe://cluster.local/ns/foo/sa/httpbin#f'],
    [39, 'spiffe://user@cluster.local/ns/foo/sa/httpbin'],
    [39, 'spiffe://cluster.local:443/ns/foo/sa/httpbin'],
    [39, 'spiffe://[::1]/ns/foo/sa/httpbin'],
    [42, 'spiffe://cluster.local/ns/foo/sa/httpbin,spiffe://cluster.local/ns/bar/sa/x'],
  ];
  return uris.map(([row, uri]) => {
    return { row, name: uri, uri, pem: writeCsrPem({ names: [csr.uriName(uri)] }) };
  });
}

/** Everything that must be refused. */
export function hostileRequests(): readonly HostileEntry[] {
  return [
    ...hostileSignatures(),
    ...hostileKeys(),
    ...hostileNames(),
    ...hostileExtensions(),
    ...hostileSubjects(),
    ...hostileEncodings(),
    ...hostilePem(),
  ];
}

function rewrapped(pem: string, columns: number): string {
  const [, begin = '', body = '', end = ''] = /^(.*-----\n)([^-]*)(-----END[^]*)$/.exec(pem) ?? [];
  const lines = body.replaceAll('\n', '').match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
  return `${begin}${lines.join('\n')}\n${end}`;
}
