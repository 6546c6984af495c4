import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { x509 } from '../../../src/pki/crypto.ts';
import { parseCertificateRequest } from '../../../src/pki/certificate-request.ts';
import type { CertificateRequest } from '../../../src/pki/certificate-request.ts';
import { CsrError } from '../../../src/pki/errors.ts';
import { pemOf, storedKey, workloadUri, writeCsr, writeCsrPem } from '../../support/csr-writer.ts';
import { expectProperty } from '../../support/expect-property.ts';

/** What the gate makes of it; anything but a CsrError fails the test. */
function admitted(pem: string): CertificateRequest | undefined {
  try {
    return parseCertificateRequest(pem);
  } catch (error) {
    if (error instanceof CsrError) return undefined;
    throw error;
  }
}

const keys = ['ec-p256', 'rsa-2048'].map((name) => ({
  name,
  der: writeCsr({ key: storedKey(name) }),
}));

describe('a good request', () => {
  it.each(keys)('of $name is refused when cut at any byte', ({ der }) => {
    const cuts = Array.from({ length: der.length }, (_, end) => pemOf(der.subarray(0, end)));
    expect(cuts.filter((pem) => admitted(pem) !== undefined)).toEqual([]);
  });

  it('is refused when any of its bits is flipped', () => {
    const der = writeCsr();
    const taken: number[] = [];
    for (let bit = 0; bit < der.length * 8; bit += 1) {
      const flipped = Buffer.from(der);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if (admitted(pemOf(flipped)) !== undefined) taken.push(bit);
    }
    expect(taken).toEqual([]);
  });

  it('is refused when any of its bytes is replaced', () => {
    const der = writeCsr({ key: storedKey('rsa-2048') });
    // In RSA one bit stands apart: whether the parameters of the signature are NULL or absent.
    const taken = Array.from(der.keys()).filter((at) => {
      const changed = Buffer.from(der);
      changed.writeUInt8(changed.readUInt8(at) ^ 0xff, at);
      return admitted(pemOf(changed)) !== undefined;
    });
    expect(taken).toEqual([]);
  });

  it('means the same or is refused when any character of its PEM is replaced', () => {
    const pem = writeCsrPem();
    const der = parseCertificateRequest(pem).der;
    const others = Array.from(pem).flatMap((_, at) =>
      ['A', '\n', ' ', '='].map((char) => `${pem.slice(0, at)}${char}${pem.slice(at + 1)}`),
    );
    const meanings = others
      .map((text) => admitted(text))
      .filter((request) => request !== undefined);
    expect(meanings.every((request) => Buffer.from(request.der).equals(der))).toBe(true);
  });
});

describe('any bytes', () => {
  it('as a text are admitted or refused with a CsrError', () => {
    expectProperty(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        return admitted(text) === undefined;
      }),
      { numRuns: 1000 },
    );
  });

  it('as DER are refused with a CsrError', () => {
    expectProperty(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        return admitted(pemOf(bytes)) === undefined;
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a request that was changed and signed again', () => {
  const edit = fc.record({ at: fc.nat(400), byte: fc.nat(255) });

  function edited(signed: Buffer, edits: readonly { at: number; byte: number }[]): Buffer {
    const bytes = Buffer.from(signed);
    for (const { at, byte } of edits) bytes.writeUInt8(byte, at % bytes.length);
    return bytes;
  }

  it('shows another library the one name that we read, where it is admitted', () => {
    expectProperty(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const request = admitted(writeCsrPem({ mutateSigned: (signed) => edited(signed, edits) }));
        return request === undefined || isReadAlike(request);
      }),
      { numRuns: 3000 },
    );
  });

  it('is admitted where only the name was changed, so that the property above says something', () => {
    const at = writeCsr().indexOf(workloadUri);
    const change = { at: at + workloadUri.length - 1 - 4, byte: 0x78 };
    const pem = writeCsrPem({ mutateSigned: (signed) => edited(signed, [change]) });
    expect(admitted(pem)?.uri).not.toBe(workloadUri);
    expect(admitted(pem)?.uri).toHaveLength(workloadUri.length);
  });
});

function isReadAlike(request: CertificateRequest): boolean {
  const other = new x509.Pkcs10CertificateRequest(request.pem);
  const [extension] = other.extensions;
  if (!(extension instanceof x509.SubjectAlternativeNameExtension)) return false;
  const names = extension.names.items.map(({ type, value }) => `${type} ${value}`);
  return (
    other.attributes.length === 1 &&
    other.extensions.length === 1 &&
    names.join() === `url ${request.uri}` &&
    Buffer.from(other.publicKey.rawData).equals(request.publicKey.spkiDer)
  );
}
