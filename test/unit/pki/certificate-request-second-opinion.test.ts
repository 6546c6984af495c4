import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { x509 } from '../../../src/pki/crypto.ts';
import { parseCertificateRequest } from '../../../src/pki/certificate-request.ts';
import { foreignNames, goodRequests } from '../../support/csr-corpus.ts';

const accepted = [...goodRequests(), ...foreignNames()];

describe('@peculiar/x509 agrees', () => {
  it.each(accepted)('on row $row: $name', async ({ pem }) => {
    const request = parseCertificateRequest(pem);
    const other = new x509.Pkcs10CertificateRequest(request.pem);
    const names = other.getExtension('2.5.29.17') as x509.SubjectAlternativeNameExtension;
    expect(names.names.items.map(({ type, value }) => ({ type, value }))).toEqual([
      { type: 'url', value: request.uri },
    ]);
    expect(other.extensions).toHaveLength(1);
    expect(Buffer.from(other.subjectName.toArrayBuffer()).equals(request.subjectDer)).toBe(true);
    expect(Buffer.from(other.publicKey.rawData).equals(request.publicKey.spkiDer)).toBe(true);
    await expect(other.verify()).resolves.toBe(true);
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const whereOpensslIs = hasOpenssl ? describe : describe.skip;

whereOpensslIs('openssl req agrees (skipped where there is no openssl)', () => {
  it.each(accepted)('on row $row: $name', ({ pem }) => {
    const request = parseCertificateRequest(pem);
    const args = ['req', '-noout', '-text', '-verify', '-pubkey'];
    const { status, stdout } = spawnSync('openssl', args, { input: request.pem, encoding: 'utf8' });
    expect(status).toBe(0);
    const names = /Subject Alternative Name:.*\n\s*(.*)\n/.exec(stdout)?.[1];
    expect(names).toBe(`URI:${request.uri}`);
    const [, publicKey = ''] = /BEGIN PUBLIC KEY-----\n([^-]*)-----END/.exec(stdout) ?? [];
    expect(Buffer.from(publicKey, 'base64').equals(request.publicKey.spkiDer)).toBe(true);
  });
});
