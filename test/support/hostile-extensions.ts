import type { HostileEntry } from './csr-corpus-entry.ts';
import { hostile } from './csr-corpus-entry.ts';
import * as der from './der-writer.ts';
import * as csr from './csr-writer.ts';
import { workloadUri } from './csr-writer.ts';

/** Rows 6, 27 and 45 to 55. */
export function hostileExtensions(): HostileEntry[] {
  const uri = csr.uriName(workloadUri);
  const san = csr.sanExtension([uri]);
  const more = (row: number, name: string, type: string, value: Buffer): HostileEntry =>
    hostile(row, 'extensions', name, { extensions: [san, csr.extension(type, value, true)] });
  const constraints = der.sequence(der.boolean(0xff));
  const usage = (bits: number): Buffer => der.bitString(Buffer.from([bits]), trailingZeros(bits));
  const purpose = (type: string): Buffer => der.sequence(der.oid(type));
  const request = csr.extensionRequest(der.sequence(san));
  const second = csr.extensionRequest(der.sequence(csr.extension('2.5.29.19', constraints, true)));
  const attribute = (type: string, value: Buffer): Buffer =>
    der.sequence(der.oid(type), der.set(value));
  const attributes = (row: number, name: string, list: Buffer[]): HostileEntry =>
    hostile(row, 'attributes', name, { attributes: list });
  const challenge = attribute('1.2.840.113549.1.9.7', der.utf8String('secret'));
  return [
    more(6, 'key usages as istio-csr asks for them', '2.5.29.15', usage(0xa0)),
    more(6, 'extended key usages too', '2.5.29.37', purpose('1.3.6.1.5.5.7.3.1')),
    hostile(27, 'san_missing', 'no extension at all', { extensions: [] }),
    hostile(27, 'san_missing', 'another extension only', {
      extensions: [csr.extension('2.5.29.15', usage(0x80))],
    }),
    hostile(45, 'extensions', 'two subjectAltNames', { extensions: [san, san] }),
    attributes(46, 'a second extensionRequest with cA', [request, second]),
    attributes(46, 'a second extensionRequest before it', [second, request]),
    hostile(46, 'attributes', 'two values in one extensionRequest', {
      attributes: [csr.extensionRequest(der.sequence(san), der.sequence(san))],
    }),
    attributes(46, 'an extensionRequest with a third part', [
      der.sequence(der.oid('1.2.840.113549.1.9.14'), der.set(der.sequence(san)), der.nullValue()),
    ]),
    attributes(46, 'an extensionRequest without a value', [csr.extensionRequest()]),
    more(48, 'basicConstraints cA=true', '2.5.29.19', constraints),
    more(48, 'basicConstraints cA=false', '2.5.29.19', der.sequence()),
    more(49, 'keyCertSign', '2.5.29.15', usage(0x04)),
    more(49, 'cRLSign', '2.5.29.15', usage(0x02)),
    more(50, 'any extended key usage', '2.5.29.37', purpose('2.5.29.37.0')),
    more(50, 'code signing', '2.5.29.37', purpose('1.3.6.1.5.5.7.3.3')),
    more(50, 'OCSP signing', '2.5.29.37', purpose('1.3.6.1.5.5.7.3.9')),
    more(51, 'name constraints', '2.5.29.30', der.sequence()),
    more(51, 'policy constraints', '2.5.29.36', der.sequence()),
    more(51, 'authority information', '1.3.6.1.5.5.7.1.1', der.sequence()),
    more(51, 'CRL distribution points', '2.5.29.31', der.sequence()),
    more(51, 'a subject key id', '2.5.29.14', der.octetString(Buffer.alloc(20))),
    more(51, 'an authority key id', '2.5.29.35', der.sequence()),
    more(51, 'a TLS feature', '1.3.6.1.5.5.7.1.24', der.sequence(der.integer(5))),
    more(51, 'an unknown extension', '1.2.3.4.5', der.nullValue()),
    hostile(52, 'der_value', 'critical spelled FALSE', {
      extensions: [csr.sanExtension([uri], 0x00)],
    }),
    hostile(52, 'der_value', 'critical spelled 0x01', {
      extensions: [csr.sanExtension([uri], 0x01)],
    }),
    attributes(53, 'a challengePassword as well', [request, challenge]),
    attributes(53, 'a challengePassword alone', [challenge]),
    attributes(53, 'an unstructuredName as well', [
      request,
      attribute('1.2.840.113549.1.9.2', der.utf8String('x')),
    ]),
    hostile(55, 'attributes', 'no attribute', { attributes: [] }),
    hostile(55, 'attributes', '[0] left out', { attributesElement: null }),
    hostile(55, 'der_tag', '[1] instead of [0]', { attributesElement: der.context(1, request) }),
    hostile(55, 'der_tag', 'attributes as a plain SET', { attributesElement: der.set(request) }),
  ];
}

function trailingZeros(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
