import { describe, expect, it } from '@jest/globals';
import { parseCertificateRequest } from '../../../src/pki/certificate-request.ts';
import { CsrError } from '../../../src/pki/errors.ts';
import { parseSpiffeId } from '../../../src/pki/spiffe-id.ts';
import { foreignNames, goodRequests, hostileRequests } from '../../support/csr-corpus.ts';
import { spkiOf, storedKey, workloadUri, writeCsr, writeCsrPem } from '../../support/csr-writer.ts';
import { pemOf } from '../../support/csr-writer.ts';
import { fastestMs } from '../../support/fastest.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const ownId = parseSpiffeId(workloadUri);

describe('the gate for certificate requests', () => {
  it.each(goodRequests())('row $row: takes $name', ({ pem }) => {
    expect(parseCertificateRequest(pem).uri).toMatch(/^spiffe:/);
  });

  it.each(hostileRequests())('row $row: refuses $name as $reason', ({ pem, reason }) => {
    expect(thrownBy(() => parseCertificateRequest(pem))).toMatchObject({
      name: 'CsrError',
      reason,
    });
  });

  it.each(foreignNames())('row $row: hands on $name as it stands', ({ pem, uri }) => {
    expect(parseCertificateRequest(pem).uri).toBe(uri);
    expect(uri).not.toBe(ownId.uri);
  });
});

describe('an accepted request', () => {
  const der = writeCsr();
  const request = parseCertificateRequest(pemOf(der, 'CERTIFICATE REQUEST', '\r\n'));

  it('carries the bytes that were sent, in PEM of our own', () => {
    expect(Buffer.from(request.der).equals(der)).toBe(true);
    expect(request.pem).toBe(pemOf(der));
  });

  it('carries the name, the subject and the key', () => {
    const { uri, subjectDer, publicKey } = request;
    expect(uri).toBe(workloadUri);
    expect(Buffer.from(subjectDer).toString('hex')).toBe('3000');
    expect(publicKey).toMatchObject({ kind: 'ec', curve: 'P-256' });
    expect(Buffer.from(publicKey.spkiDer).equals(spkiOf(storedKey('ec-p256')))).toBe(true);
    expect(publicKey.spkiSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('tells the size of an RSA key', () => {
    const { publicKey } = parseCertificateRequest(writeCsrPem({ key: storedKey('rsa-3072') }));
    expect(publicKey).toMatchObject({ kind: 'rsa', bits: 3072 });
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(request)).toBe(true);
  });
});

describe('refusing', () => {
  it('shows one error type, with the error that led to it as its cause', () => {
    const error = thrownBy(() => parseCertificateRequest('hello'));
    expect(error).toBeInstanceOf(CsrError);
    expect(error).toHaveProperty('cause.name', 'PemError');
  });

  it('never repeats what was sent', () => {
    const secret = pemOf(Buffer.from('secret'), 'PRIVATE KEY');
    const error = thrownBy(() => parseCertificateRequest(secret)) as CsrError;
    expect(error.message).not.toContain(secret.slice(30, 40));
  });

  it('takes little time for the worst that was found', () => {
    const times = hostileRequests().map(({ pem }) =>
      fastestMs(() => thrownBy(() => parseCertificateRequest(pem))),
    );
    expect(Math.max(...times)).toBeLessThan(5);
  });
});
